#pragma once
// How the keeper (node/keeper.h) fares, as health and control tell it. A value.

#include <cstdint>
#include <string>

#include "node/state_store.h"

namespace flyball {

struct KeeperHealth {
    bool failing = false;
    bool cramped = false;  // no snapshot fits into max_bytes; the journal goes on
    std::string last_error;
    std::uint64_t errors = 0;
    std::uint64_t commits = 0;  // syncs
    StateSizes sizes;
    Instant snapshot_at{};
    std::uint64_t snapshots = 0;            // in force
    std::uint64_t snapshots_too_large = 0;  // attempts
};

}  // namespace flyball
