#include "node/service/watched_disk.h"

#include <utility>

namespace flyball {
namespace {

struct Watch {
    KeeperPulse& pulse;
    std::int64_t (*now_us)() noexcept;
};

class Call {
public:
    explicit Call(const Watch& watch) : watch_(watch) {
        watch_.pulse.calls_the_disk(watch_.now_us());
    }
    ~Call() { watch_.pulse.works(watch_.now_us()); }
    Call(const Call&) = delete;
    Call& operator=(const Call&) = delete;

private:
    const Watch& watch_;
};

class WatchedFile final : public DiskFile {
public:
    WatchedFile(std::unique_ptr<DiskFile> file, const Watch& watch)
        : file_(std::move(file)), watch_(watch) {}
    ~WatchedFile() override {
        const Call call(watch_);  // the last close of a file may write
        file_.reset();
    }
    WatchedFile(const WatchedFile&) = delete;
    WatchedFile& operator=(const WatchedFile&) = delete;

    Result<void> write(std::uint64_t offset, std::span<const std::byte> bytes) override {
        const Call call(watch_);
        return file_->write(offset, bytes);
    }
    Result<std::size_t> read(std::uint64_t offset, std::span<std::byte> into) override {
        const Call call(watch_);
        return file_->read(offset, into);
    }
    Result<void> sync() override {
        const Call call(watch_);
        return file_->sync();
    }
    Result<std::uint64_t> size() override {
        const Call call(watch_);
        return file_->size();
    }
    void forget_cache() override {
        const Call call(watch_);
        file_->forget_cache();
    }

private:
    std::unique_ptr<DiskFile> file_;
    Watch watch_;
};

class WatchedDisk final : public Disk {
public:
    WatchedDisk(std::unique_ptr<Disk> disk, const Watch& watch)
        : disk_(std::move(disk)), watch_(watch) {}

    Result<std::unique_ptr<DiskFile>> open(std::string_view name, Open how) override {
        const Call call(watch_);
        auto file = disk_->open(name, how);
        if (!file) {
            return file;
        }
        return std::unique_ptr<DiskFile>(std::make_unique<WatchedFile>(std::move(*file), watch_));
    }
    Result<void> rename(std::string_view from, std::string_view to) override {
        const Call call(watch_);
        return disk_->rename(from, to);
    }
    Result<void> remove(std::string_view name) override {
        const Call call(watch_);
        return disk_->remove(name);
    }
    Result<void> sync_folder() override {
        const Call call(watch_);
        return disk_->sync_folder();
    }
    Result<std::vector<std::string>> list() override {
        const Call call(watch_);
        return disk_->list();
    }

private:
    std::unique_ptr<Disk> disk_;
    Watch watch_;
};

}  // namespace

std::unique_ptr<Disk> watched_disk(std::unique_ptr<Disk> disk, KeeperPulse& pulse,
                                   std::int64_t (*now_us)() noexcept) {
    return std::make_unique<WatchedDisk>(std::move(disk), Watch{pulse, now_us});
}

}  // namespace flyball
