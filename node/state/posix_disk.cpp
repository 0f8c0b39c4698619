#include "node/state/posix_disk.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <system_error>
#include <utility>

namespace flyball {

namespace {

constexpr const char* lock_name = "lock";

Error failure(std::string_view did, std::string_view file, int error) {
    std::string message(did);
    message.append(" ").append(file).append(": ");
    message += std::generic_category().message(error);
    return {ErrorCode::unavailable, std::move(message)};
}

class PosixFile final : public DiskFile {
public:
    PosixFile(std::string name, int fd) : name_(std::move(name)), fd_(fd) {}
    ~PosixFile() override { ::close(fd_); }
    PosixFile(const PosixFile&) = delete;
    PosixFile& operator=(const PosixFile&) = delete;

    Result<void> write(std::uint64_t offset, std::span<const std::byte> bytes) override {
        while (!bytes.empty()) {
            const ssize_t done =
                ::pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
            if (done < 0 && errno == EINTR) {
                continue;
            }
            if (done <= 0) {
                return failure("cannot write", name_, done < 0 ? errno : EIO);
            }
            offset += static_cast<std::uint64_t>(done);
            bytes = bytes.subspan(static_cast<std::size_t>(done));
        }
        return {};
    }

    Result<std::size_t> read(std::uint64_t offset, std::span<std::byte> into) override {
        std::size_t had = 0;
        while (had < into.size()) {
            const ssize_t got = ::pread(fd_, into.data() + had, into.size() - had,
                                        static_cast<off_t>(offset + had));
            if (got < 0 && errno == EINTR) {
                continue;
            }
            if (got < 0) {
                return failure("cannot read", name_, errno);
            }
            if (got == 0) {
                break;
            }
            had += static_cast<std::size_t>(got);
        }
        return had;
    }

    Result<void> sync() override {
        return ::fdatasync(fd_) == 0 ? Result<void>()
                                     : Result<void>(failure("cannot sync", name_, errno));
    }

    Result<std::uint64_t> size() override {
        struct stat status {};
        if (::fstat(fd_, &status) != 0) {
            return failure("cannot look at", name_, errno);
        }
        return static_cast<std::uint64_t>(status.st_size);
    }

    void forget_cache() override {
        // Advice: where the system does not take it, reading back proves less.
        static_cast<void>(::posix_fadvise(fd_, 0, 0, POSIX_FADV_DONTNEED));
    }

private:
    std::string name_;
    int fd_;
};

// The folder and those above it that are missing.
bool make_folders(const std::string& path) {
    for (std::size_t at = path.find('/', 1);; at = path.find('/', at + 1)) {
        const std::string part = path.substr(0, at);
        if (::mkdir(part.c_str(), 0700) != 0 && errno != EEXIST) {
            return false;
        }
        if (at == std::string::npos) {
            return true;
        }
    }
}

}  // namespace

Result<std::unique_ptr<PosixDisk>> PosixDisk::open_folder(const std::string& path) {
    if (!make_folders(path)) {
        return failure("cannot make the state folder", path, errno);
    }
    const int folder = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0) {
        return failure("cannot open the state folder", path, errno);
    }
    const int lock = ::openat(folder, lock_name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    std::unique_ptr<PosixDisk> disk(new PosixDisk(path, folder, lock));
    if (lock < 0) {
        return failure("cannot write in the state folder", path, errno);
    }
    if (::flock(lock, LOCK_EX | LOCK_NB) != 0) {
        if (errno == EWOULDBLOCK) {
            return Error{ErrorCode::refused, "the state folder " + path +
                                                 " is in use by another flyball-node; stop it, or "
                                                 "give this one another state.dir"};
        }
        return failure("cannot lock the state folder", path, errno);
    }
    return disk;
}

Result<std::unique_ptr<PosixDisk>> PosixDisk::look_at_folder(const std::string& path) {
    const int folder = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0) {
        return failure("cannot open the state folder", path, errno);
    }
    return std::unique_ptr<PosixDisk>(new PosixDisk(path, folder, -1));
}

bool PosixDisk::in_use() const {
    struct stat status {};
    if (::fstatat(folder_fd_, lock_name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
        return false;
    }
    // Lines like "1: FLOCK  ADVISORY  WRITE 708 08:01:1234 0 EOF"; the number of the file is last
    // of the three.
    const std::string number = ":" + std::to_string(status.st_ino) + " ";
    std::ifstream locks("/proc/locks");
    for (std::string line; std::getline(locks, line);) {
        if (line.find(" FLOCK ") != std::string::npos && line.find(number) != std::string::npos) {
            return true;
        }
    }
    return false;
}

PosixDisk::~PosixDisk() {
    if (lock_fd_ >= 0) {
        ::close(lock_fd_);
    }
    ::close(folder_fd_);
}

Result<std::unique_ptr<DiskFile>> PosixDisk::open(std::string_view name, Open how) {
    const std::string file(name);
    int flags = O_CLOEXEC | O_NOFOLLOW;
    switch (how) {
        case Open::read: flags |= O_RDONLY; break;
        case Open::write: flags |= O_RDWR; break;
        case Open::replace: flags |= O_RDWR | O_CREAT | O_TRUNC; break;
    }
    const int fd = ::openat(folder_fd_, file.c_str(), flags, 0600);
    if (fd < 0) {
        return failure("cannot open", path_ + "/" + file, errno);
    }
    return std::unique_ptr<DiskFile>(std::make_unique<PosixFile>(path_ + "/" + file, fd));
}

Result<void> PosixDisk::rename(std::string_view from, std::string_view to) {
    if (::renameat(folder_fd_, std::string(from).c_str(), folder_fd_, std::string(to).c_str()) !=
        0) {
        return failure("cannot rename", path_ + "/" + std::string(from), errno);
    }
    return {};
}

Result<void> PosixDisk::remove(std::string_view name) {
    if (::unlinkat(folder_fd_, std::string(name).c_str(), 0) != 0) {
        return failure("cannot remove", path_ + "/" + std::string(name), errno);
    }
    return {};
}

Result<void> PosixDisk::sync_folder() {
    return ::fsync(folder_fd_) == 0 ? Result<void>()
                                    : Result<void>(failure("cannot sync", path_, errno));
}

Result<std::vector<std::string>> PosixDisk::list() {
    const int fd = ::openat(folder_fd_, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR* folder = fd < 0 ? nullptr : ::fdopendir(fd);
    if (folder == nullptr) {
        return failure("cannot list", path_, errno);
    }
    std::vector<std::string> names;
    errno = 0;
    while (const dirent* entry = ::readdir(folder)) {
        const std::string_view name(entry->d_name);
        if (name != "." && name != "..") {
            names.emplace_back(name);
        }
    }
    const int error = errno;
    ::closedir(folder);
    if (error != 0) {
        return failure("cannot list", path_, error);
    }
    std::ranges::sort(names);
    return names;
}

}  // namespace flyball
