#pragma once
// What passes on a node's topics, as one line for a person or for a machine. Pure. Any thread.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fleet/bus.h"
#include "fleet/health_report.h"
#include "fleet/render.h"

namespace flyball {

struct Seen {
    std::string node;             // region/node
    std::string channel;          // "decision", "event" or "control"
    std::string governor;         // type/name, "admit" or "node"
    std::string tenant;           // from the payload, else from the topic
    Instant at;                   // from the payload, else when it arrived
    std::optional<Json> message;  // nothing when the payload is neither msgpack nor JSON
    std::size_t bytes = 0;        // of the payload
};

// One for each entry of a batch; none for a topic that is not to be watched.
std::vector<Seen> seen_in(const Arrived& arrived, const std::string& prefix);
std::string line_for_people(const Seen& seen, const Style& style);
std::string line_for_machines(const Seen& seen);

// The filters for a node; "+" stands for any region or node.
std::vector<std::string> watch_filters(const std::string& prefix, const NodeName& node);

}  // namespace flyball
