#pragma once
// One node whose rings are filled, to measure what its state takes in memory and on disk: every
// governor decides `ring_events` requests that count, in batches over its admin topics. Main
// thread.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "fleet/bus.h"
#include "fleet/node_name.h"
#include "fleet/report/fleet_figures.h"

namespace flyball {

inline constexpr std::size_t ring_events = 1024;  // ring.capacity, unless configured

enum class Filling : std::uint8_t {
    ring,  // one tenant, no ids: an event each and nothing else
    all,   // a hundred tenants, an id each
};
// The requests that fill one governor's ring: each of a batch counts as a decision. Pure.
std::vector<Json> filling_of(const std::string& type, Filling filling, std::size_t batch,
                             std::size_t batches);

// `broker`: the node's. Fails (unavailable) when it does not answer, or `stop_fd` is readable.
Result<FilledNode> fill_node(const BusOptions& broker, const NodeName& node, int governors,
                             int stop_fd);

}  // namespace flyball
