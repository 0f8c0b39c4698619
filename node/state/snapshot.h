#pragma once
// A snapshot's file (docs/design/state.md): sections, each with its checksum, in an LZ4 frame; the
// last one vouches for all of them. Written aside, read back past the cache, and only then given
// its name. One thread; memory for one section.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "node/state/disk.h"
#include "node/state/lz4_frame.h"
#include "schemas/result.h"

namespace flyball {

// Types of sections. Stored: append only. The node's comes first.
inline constexpr std::uint16_t node_section = 1;
inline constexpr std::uint16_t governor_section = 2;

struct SnapshotSection {
    std::uint16_t type = 0;
    std::uint16_t version = 1;
    bool required = true;      // who does not know it cannot use the snapshot
    std::string_view bytes{};  // valid for the call
};

struct SnapshotSize {
    std::uint64_t stored = 0;  // the file
    std::uint64_t raw = 0;     // what its sections hold, the last one aside
};

// What is refused, as written and as read: a file that somebody has made must not take all memory.
struct SnapshotLimits {
    std::uint64_t file_bytes = std::uint64_t{64} << 20;
    std::uint64_t section_bytes = std::uint64_t{256} << 20;  // raw; 4 million tenants
};

// What a reader takes at least, whatever may be written: far beyond what a device has.
inline constexpr std::uint64_t snapshot_read_bytes_max = std::uint64_t{1} << 30U;

std::string snapshot_name(std::uint64_t record);
// The record that a snapshot is named by; nothing for any other file.
std::optional<std::uint64_t> snapshot_record(std::string_view name);

class SnapshotWriter {
public:
    // Of everything as it was after `record`, into the reserve when there is one. After an error of
    // any call it is gone, with what it has written; so is one that is not finished. An error
    // `usage`: a limit is passed.
    static Result<std::unique_ptr<SnapshotWriter>> begin(Disk& disk, std::uint64_t record,
                                                         const SnapshotLimits& limits = {});
    ~SnapshotWriter();
    SnapshotWriter(const SnapshotWriter&) = delete;
    SnapshotWriter& operator=(const SnapshotWriter&) = delete;

    Result<void> section(const SnapshotSection& section);
    // When it returns well, the snapshot is on disk under its name and was read back sound. When
    // only the folder's sync has failed, the name is there and may be lost.
    Result<SnapshotSize> finish();

private:
    SnapshotWriter(Disk& disk, std::string name, const SnapshotLimits& limits)
        : disk_(disk), name_(std::move(name)), aside_(name_ + ".new"), limits_(limits) {}
    Result<void> write(const SnapshotSection& section);
    Result<void> write_end();
    Result<void> sync();
    Result<void> verify();
    Error give_up(Error error);

    Disk& disk_;
    std::string name_;
    std::string aside_;
    SnapshotLimits limits_;
    std::unique_ptr<DiskFile> file_;  // none: finished or failed
    FrameBytes frame_;
    SnapshotSize size_;
    std::uint64_t count_ = 0;
    std::uint64_t sum_ = 0;
};

// Shows the sections in order once all of them are known to be sound; an error of `visit` ends it.
// Errors: `damaged`: a checksum, or it is torn; `refused`: a required section of a type or version
// that this release does not know, which it names; `usage`: larger than `limits`; `unavailable`.
// Sections that are not required come as they are, also of unknown types and versions: a writer
// carries them along.
using SectionVisit = std::function<Result<void>(const SnapshotSection& section)>;
Result<SnapshotSize> read_snapshot(Disk& disk, std::string_view name, const SectionVisit& visit,
                                   const SnapshotLimits& limits = {});

// Makes a file of so many zeros that the next snapshot is written into, so that a disk that fills
// up meanwhile does not stop it. What stays of them behind the snapshot's end is no part of it.
Result<void> reserve_snapshot(Disk& disk, std::uint64_t bytes);
// Of the reserve that there is; 0: none.
std::uint64_t reserved_bytes(Disk& disk);
Result<void> drop_reserve(Disk& disk);

// Names, newest first.
Result<std::vector<std::string>> list_snapshots(Disk& disk);
// Removes all but the newest `keep`, and what was never finished.
Result<void> retire_snapshots(Disk& disk, std::size_t keep = 2);

}  // namespace flyball
