#pragma once
// One round of one peer: a fresh Mosquitto, the peer started and timed, held to the rule, measured
// and ended.

#include <chrono>
#include <cstddef>

#include "tests/bench/peers/figures.h"
#include "tests/bench/peers/peer.h"

namespace flyball::bench {

struct RunSettings {
    std::chrono::milliseconds length{2000};  // of each measurement
    std::size_t in_flight = 256;             // saturated
    QuotaRule rule{};
};

// Throws std::runtime_error with a sentence when the peer does not answer, or not as the rule says.
Figures run_once(const Peer& peer, const RunSettings& settings);

}  // namespace flyball::bench
