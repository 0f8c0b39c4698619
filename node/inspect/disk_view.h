#pragma once
// A state folder, or a few files of one, to be looked at: a Disk that changes nothing, whoever is
// given it. Files are opened once, so that one that a node removes or renames meanwhile stays as
// readable as it was; names can be hidden. Cheap to copy: copies share the open files. One thread.

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "node/state/disk.h"

namespace flyball {

class DiskView final : public Disk {
public:
    // All files of the folder that a reader of state may want. One that has gone by the time it is
    // opened was being replaced, and is left out.
    static Result<DiskView> of_folder(Disk& folder);
    // One file alone, under another name if `as` says so.
    static Result<DiskView> of_file(Disk& folder, std::string_view name, std::string_view as);

    bool has(std::string_view name) const { return files_.contains(name); }
    // Names that are there but not opened: locks, what is set aside, other people's.
    const std::vector<std::string>& others() const { return others_; }

    Result<std::unique_ptr<DiskFile>> open(std::string_view name, Open how) override;
    Result<void> rename(std::string_view from, std::string_view to) override;
    Result<void> remove(std::string_view name) override;
    Result<void> sync_folder() override;
    Result<std::vector<std::string>> list() override;

private:
    std::map<std::string, std::shared_ptr<DiskFile>, std::less<>> files_;
    std::vector<std::string> others_;
};

}  // namespace flyball
