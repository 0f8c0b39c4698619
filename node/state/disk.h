#pragma once
// The one door to the file system for what a node keeps: files by name in one flat folder. What a
// write promises is what Linux promises: nothing before sync(), and a name nothing before
// sync_folder(). PosixDisk is the real one; tests put one behind it that loses, tears, reorders and
// refuses. Any thread, but one at a time for each file.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/result.h"

namespace flyball {

// An error's message names the operation, the file and the system's reason. After an error of
// write() or sync() nothing is known of what reached the disk: never retry on the same file.
class DiskFile {
public:
    virtual ~DiskFile() = default;
    // Everything, or an error.
    virtual Result<void> write(std::uint64_t offset, std::span<const std::byte> bytes) = 0;
    // As many bytes as there are, up to into.size(); fewer only at the end of the file.
    virtual Result<std::size_t> read(std::uint64_t offset, std::span<std::byte> into) = 0;
    virtual Result<void> sync() = 0;  // the bytes, and what is needed to read them back
    virtual Result<std::uint64_t> size() = 0;
    // The next read() comes from the disk, where the system can be asked for that.
    virtual void forget_cache() = 0;
};

class Disk {
public:
    virtual ~Disk() = default;
    enum class Open : std::uint8_t {
        read,     // it must be there
        write,    // it must be there; also for reading
        replace,  // empty afterwards; also for reading
    };
    virtual Result<std::unique_ptr<DiskFile>> open(std::string_view name, Open how) = 0;
    virtual Result<void> rename(std::string_view from, std::string_view to) = 0;  // replaces `to`
    virtual Result<void> remove(std::string_view name) = 0;
    virtual Result<void> sync_folder() = 0;
    // In order of name.
    virtual Result<std::vector<std::string>> list() = 0;
};

}  // namespace flyball
