#pragma once
// What a node would know that started from a disk's image: recovered into an engine of its own, by
// the code that a node uses. The image is not changed. One thread.

#include <cstdint>
#include <string>
#include <vector>

#include "node/state_store.h"
#include "tests/sim/memory_disk.h"

namespace flyball::sim {

struct ProbeOptions {
    Root root;
    std::uint64_t max_bytes = std::uint64_t{64} << 20U;
    std::size_t segment_bytes = std::size_t{1} << 20U;
    std::size_t admit_ids_capacity = 8192;
    bool follows_audits = false;
};

struct Probe {
    std::string error;         // why nothing could be recovered
    std::uint64_t record = 0;  // the last one that it knows
    std::uint64_t hash = 0;    // StateHash of what it knows
    bool lost = false;
    std::vector<std::string> faults;
    Instant latest{};
    std::string audit_gap;  // what is said to be kept of an audit chain and is not in the journal
    std::vector<std::string> files;  // there afterwards
};
Probe probe(const DiskImage& image, const ProbeOptions& options);

}  // namespace flyball::sim
