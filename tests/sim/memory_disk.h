#pragma once
// A Disk in memory with a log of every operation, from which crash_states.h makes what a disk may
// hold after a crash. Fails calls when told to, and fills up. As on Linux, a failed sync drops what
// was written: reads still show it, the next sync does not bring it, forget_cache() shows the
// truth. One thread.

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "node/state/disk.h"

namespace flyball {

using Bytes = std::vector<std::byte>;

// Files by name. Copies share the bytes until one is written to.
using DiskImage = std::map<std::string, std::shared_ptr<Bytes>, std::less<>>;

// The bytes of an image's file, its own from now on.
Bytes& own_bytes(DiskImage& image, std::string_view name);
void flip_bit(DiskImage& image, std::string_view name, std::size_t bit);

struct DiskOperation {
    enum class Kind : std::uint8_t {
        create,       // a file of this number, called `name`
        empty,        // truncated by being replaced
        write,        //
        sync,         //
        sync_failed,  // what was written since the last sync may be there or not, for ever
        forget,       // the cache is dropped: from here on reads show what is there
        rename,       // the file called `name`, to `to`
        remove,       //
        sync_folder,  //
    };
    Kind kind = Kind::write;
    std::uint64_t file = 0;  // which, whatever it is called
    std::size_t offset = 0;
    Bytes bytes;
    std::string name;
    std::string to;
};

enum class DiskCall : std::uint8_t {
    open,
    write,
    read,
    sync,
    size,
    rename,
    remove,
    sync_folder,
    list
};
constexpr std::size_t disk_calls = 9;

struct DiskFault {
    enum class Reason : std::uint8_t {
        no_space,
        input_output,
        read_only,
        short_write,  // half of the bytes, then no space
    };
    DiskCall call = DiskCall::write;
    std::uint64_t at = 1;  // the first call from now on is 1
    Reason reason = Reason::input_output;
    bool from_then_on = false;
};

class MemoryDisk final : public Disk {
public:
    MemoryDisk() = default;
    // All of it durable, none of it in the log.
    explicit MemoryDisk(const DiskImage& image);

    Result<std::unique_ptr<DiskFile>> open(std::string_view name, Open how) override;
    Result<void> rename(std::string_view from, std::string_view to) override;
    Result<void> remove(std::string_view name) override;
    Result<void> sync_folder() override;
    Result<std::vector<std::string>> list() override;

    const std::vector<DiskOperation>& log() const { return log_; }
    DiskImage image() const;  // as a process sees it
    bool has(std::string_view name) const { return names_.contains(name); }
    std::uint64_t bytes() const;  // of all files that have a name

    void fail(const DiskFault& fault) { fault_ = fault; }
    void heal() { fault_.reset(); }
    // How often the fault has struck.
    std::uint64_t failures() const { return failures_; }
    std::uint64_t calls(DiskCall call) const { return calls_[static_cast<std::size_t>(call)]; }
    void limit_bytes(std::uint64_t most) { bytes_max_ = most; }

private:
    friend class MemoryFile;

    struct File {
        std::uint64_t number = 0;
        std::shared_ptr<Bytes> seen;
        std::shared_ptr<Bytes> durable;
        std::vector<std::size_t> unsynced;  // operations of the log
        bool lost_some = false;             // a sync failed: `seen` is not what will be durable
    };

    std::shared_ptr<File> make_file(const std::shared_ptr<Bytes>& bytes);
    // The error when this call is to fail.
    std::optional<Error> struck(DiskCall call, std::string_view name);
    DiskOperation& record(DiskOperation::Kind kind, const File& file);
    Result<void> write(File& file, std::string_view name, std::uint64_t offset,
                       std::span<const std::byte> bytes);
    Result<void> sync(File& file, std::string_view name);
    void forget(File& file);
    void apply_unsynced(const File& file, Bytes& to) const;

    std::map<std::string, std::shared_ptr<File>, std::less<>> names_;
    std::vector<DiskOperation> log_;
    std::uint64_t files_made_ = 0;
    std::uint64_t bytes_max_ = UINT64_MAX;
    std::array<std::uint64_t, disk_calls> calls_{};
    std::optional<DiskFault> fault_;
    std::uint64_t failures_ = 0;
};

}  // namespace flyball
