#pragma once
// The real Disk: a folder of the file system, locked while it is used. EINTR and short writes are
// gone on with; everything else is an error that names the file.

#include <memory>
#include <string>

#include "node/state/disk.h"

namespace flyball {

class PosixDisk final : public Disk {
public:
    // Makes the folder when it is missing (mode 0700) and takes its lock; an error says what is in
    // the way: somebody else's lock, permissions, a file in its place.
    static Result<std::unique_ptr<PosixDisk>> open_folder(const std::string& path);
    // To look only: makes nothing, takes no lock. Somebody else may be writing there meanwhile.
    static Result<std::unique_ptr<PosixDisk>> look_at_folder(const std::string& path);
    // Whether a process holds the folder's lock, as far as the system shows those of others. Asking
    // takes no lock, so that it never is in the way of a node that starts just then.
    bool in_use() const;
    ~PosixDisk() override;
    PosixDisk(const PosixDisk&) = delete;
    PosixDisk& operator=(const PosixDisk&) = delete;

    Result<std::unique_ptr<DiskFile>> open(std::string_view name, Open how) override;
    Result<void> rename(std::string_view from, std::string_view to) override;
    Result<void> remove(std::string_view name) override;
    Result<void> sync_folder() override;
    Result<std::vector<std::string>> list() override;
    const std::string& path() const { return path_; }

private:
    PosixDisk(std::string path, int folder_fd, int lock_fd)
        : path_(std::move(path)), folder_fd_(folder_fd), lock_fd_(lock_fd) {}

    std::string path_;
    int folder_fd_;
    int lock_fd_;
};

}  // namespace flyball
