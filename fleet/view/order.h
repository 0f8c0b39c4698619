#pragma once
// Which nodes to show, and in which order. Pure. Any thread.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "fleet/view/fleet_view.h"

namespace flyball {

enum class SortKey : std::uint8_t { name, status, rate, latency, memory, denials, uptime };
inline constexpr std::string_view sort_names[] = {"name",   "status",  "rate",  "latency",
                                                  "memory", "denials", "uptime"};

struct Order {
    SortKey key = SortKey::name;
    bool reversed = false;  // against the key's own direction: the largest, or the worst, first
    // Part of region/node, status or version, whatever the case; `!text`: all but those. Empty:
    // all.
    std::string filter;
};

// Nodes that are equal by the key stay in the order of their names.
std::vector<NodeRow> arranged(std::vector<NodeRow> nodes, const Order& order);

// The worst first: 0 is lost.
int severity_of(std::string_view status);

}  // namespace flyball
