#pragma once
// The journal's files in the folder: their names, which there are, and the bytes of one. Segment
// numbers are never given twice, not even after a file was set aside. Whoever owns the journal.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "node/state/disk.h"
#include "node/state/journal_format.h"
#include "schemas/result.h"

namespace flyball {

std::string segment_name(std::uint64_t number);
std::string spare_name(std::uint64_t number);
// Of a segment's name; nothing for any other file.
std::optional<std::uint64_t> segment_number(std::string_view name);

struct JournalFiles {
    std::vector<std::uint64_t> segments;  // rising
    std::vector<std::uint64_t> spares;    // rising
    std::vector<std::string> unfinished;  // *.new, of an earlier life
    std::uint64_t highest = 0;            // of all, also of what was set aside
};
// `refused` when the highest number leaves none above it.
Result<JournalFiles> list_journal(Disk& disk);

// A segment in memory. Pieces that cannot be read are zeros; `unreadable` says why,
// or that the end is missing.
struct SegmentBytes {
    std::uint64_t number = 0;
    JournalBytes bytes;
    std::string unreadable;
    bool readable() const { return unreadable.empty(); }
};
// Past the cache. An error: it cannot be opened, nothing of it can be read, or it is too large.
Result<void> read_segment(Disk& disk, std::uint64_t number, SegmentBytes& into);

// The header of the first group when that is sound; `refused` when a later release made it. Reads
// into `room` no more than it needs.
Result<std::optional<GroupHeader>> first_group(Disk& disk, std::uint64_t number,
                                               SegmentBytes& room);

Error made_by_later_release(std::string_view file, const GroupHeader& header);

}  // namespace flyball
