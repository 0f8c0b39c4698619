#include "node/inspect/disk_view.h"

#include <algorithm>
#include <utility>

#include "node/state/journal_files.h"
#include "node/state/snapshot.h"

namespace flyball {

namespace {

Error unchanged(std::string_view name) {
    return {ErrorCode::refused, "looking at the state changes nothing: " + std::string(name)};
}

class SharedFile final : public DiskFile {
public:
    explicit SharedFile(std::shared_ptr<DiskFile> file) : file_(std::move(file)) {}
    Result<void> write(std::uint64_t /*offset*/, std::span<const std::byte> /*bytes*/) override {
        return unchanged("a file");
    }
    Result<std::size_t> read(std::uint64_t offset, std::span<std::byte> into) override {
        return file_->read(offset, into);
    }
    Result<void> sync() override { return unchanged("a file"); }
    Result<std::uint64_t> size() override { return file_->size(); }
    void forget_cache() override { file_->forget_cache(); }

private:
    std::shared_ptr<DiskFile> file_;  // of the views, too
};

bool is_state(std::string_view name) {
    return name == "identity" || segment_number(name) || snapshot_record(name);
}

}  // namespace

Result<DiskView> DiskView::of_folder(Disk& folder) {
    const auto names = folder.list();
    if (!names) {
        return names.error();
    }
    DiskView view;
    for (const std::string& name : *names) {
        if (!is_state(name)) {
            view.others_.push_back(name);
            continue;
        }
        auto file = folder.open(name, Open::read);
        if (file) {
            view.files_.emplace(name, std::move(*file));
            continue;
        }
        const auto now = folder.list();
        if (!now || std::ranges::find(*now, name) != now->end()) {
            return file.error();
        }
    }
    return view;
}

Result<DiskView> DiskView::of_file(Disk& folder, std::string_view name, std::string_view as) {
    auto file = folder.open(name, Open::read);
    if (!file) {
        return file.error();
    }
    DiskView view;
    view.files_.emplace(std::string(as), std::move(*file));
    return view;
}

Result<std::unique_ptr<DiskFile>> DiskView::open(std::string_view name, Open how) {
    const auto found = files_.find(name);
    if (how != Open::read) {
        return unchanged(name);
    }
    if (found == files_.end()) {
        return Error{ErrorCode::unavailable, "there is no file " + std::string(name)};
    }
    return std::unique_ptr<DiskFile>(std::make_unique<SharedFile>(found->second));
}

Result<void> DiskView::rename(std::string_view from, std::string_view /*to*/) {
    return unchanged(from);
}

Result<void> DiskView::remove(std::string_view name) {
    return unchanged(name);
}

Result<void> DiskView::sync_folder() {
    return unchanged("the folder");
}

Result<std::vector<std::string>> DiskView::list() {
    std::vector<std::string> names;
    for (const auto& [name, file] : files_) {
        names.push_back(name);
    }
    return names;
}

}  // namespace flyball
