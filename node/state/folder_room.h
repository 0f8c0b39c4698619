#pragma once
// How the room that `state.max_bytes` gives is shared out, in five parts: one each for two
// snapshots, one for the next or the room kept for it, two for the journal and for what was set
// aside, of which that has one at most. Pure but for the functions that take a disk; one thread.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "node/state/disk.h"

namespace flyball {

class FolderRoom {
public:
    explicit FolderRoom(std::uint64_t max_bytes);
    std::uint64_t snapshot_bytes() const { return part_; }
    std::uint64_t damaged_bytes() const { return part_; }
    // Segments and spares, beside so much that was set aside.
    std::uint64_t journal_bytes(std::uint64_t damaged) const;

private:
    std::uint64_t part_;
};

// What a segment should have, at most `wanted`: small enough for a dozen in the journal's room.
std::size_t segment_bytes_within(std::uint64_t max_bytes, std::size_t wanted);

// Of all files in the folder.
Result<std::uint64_t> folder_bytes(Disk& disk);

// The names of what was set aside (*.damaged).
Result<std::vector<std::string>> damaged_files(Disk& disk);
// Removes of these files until no more than `most` bytes are left, those that were there `before`
// first. Returns the bytes that are left and adds the names of what is gone to `removed`.
Result<std::uint64_t> bound_damaged(Disk& disk, const std::vector<std::string>& before,
                                    std::uint64_t most, std::vector<std::string>& removed);

}  // namespace flyball
