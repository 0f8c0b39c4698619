#pragma once
// What a disk may hold after a crash: from a log of operations, the images for a crash before the
// first, after each, and so within any. What was written since a file's last sync is there, or not,
// or torn at sectors of 512 bytes, or zeros, each write by itself, so in any order; names change
// only for certain with a sync of the folder, until then each change is done or not by itself.
// The same seed gives the same images. One thread.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

#include "tests/sim/memory_disk.h"

namespace flyball {

struct CrashOptions {
    std::uint64_t seed = 1;
    // Every subset of that many writes, all of which are kept whole; of the others one is each time
    // lost and each time lost, torn or zeroed by chance. With more writes so many random ones.
    std::size_t all_subsets_of = 10;
    std::size_t random_subsets = 64;
    // A sector that was being written when the power failed is junk as a whole, also those bytes of
    // it that the write did not touch. Without it what was synced stays (powersafe overwrite).
    bool spoils_sectors = false;
};

// `operations`: how many of the log were done before the crash. False ends the enumeration.
using CrashVisit = std::function<bool(const DiskImage& image, std::size_t operations)>;

// One of the images after so many operations of the log, by the seed.
DiskImage one_crash_state(const DiskImage& before, std::span<const DiskOperation> log,
                          const CrashOptions& options, std::size_t operations);

// Returns the number of images visited.
std::uint64_t each_crash_state(const DiskImage& before, std::span<const DiskOperation> log,
                               const CrashOptions& options, const CrashVisit& visit);

}  // namespace flyball
