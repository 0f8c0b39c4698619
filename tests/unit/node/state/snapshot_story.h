#pragma once
// Snapshots on a disk in memory, in a test's few words.

#include <string>
#include <string_view>
#include <vector>

#include "node/state/snapshot.h"
#include "tests/sim/memory_disk.h"

namespace flyball {

struct HeldSection {
    std::uint16_t type = governor_section;
    std::uint16_t version = 1;
    bool required = true;
    std::string bytes;
    bool operator==(const HeldSection&) const = default;
};

// The node's and two governors', small.
std::vector<HeldSection> three_sections();
// Like those of a real node, about 4 KB as stored.
std::vector<HeldSection> real_sections();

Result<SnapshotSize> write_snapshot(Disk& disk, std::uint64_t record,
                                    const std::vector<HeldSection>& sections,
                                    const SnapshotLimits& limits = {});
Result<std::vector<HeldSection>> read_sections(Disk& disk, std::string_view name,
                                               const SnapshotLimits& limits = {});
// The file of one snapshot, and a disk with only that file.
Bytes snapshot_bytes(const std::vector<HeldSection>& sections);
MemoryDisk disk_with(std::string_view name, const Bytes& bytes);

}  // namespace flyball
