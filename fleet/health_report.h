#pragma once
// The last health report of each node, collected from the retained messages, and what it is worth
// now. judge() is pure; collect_health() talks to the broker.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "fleet/bus.h"
#include "fleet/node_name.h"
#include "schemas/topic.h"

namespace flyball {

struct HealthReport {
    NodeName name;
    Json report;           // a map; null for a node that is expected and silent
    bool retained = true;  // false: it came while we listened, so it is fresh
    Instant arrived;
};

struct HealthView {
    std::string status;       // as reported, else "lost", "missing" or "unreadable"
    std::optional<Span> age;  // nothing when the report has no time (a last will)
    std::string note;         // why the status is not the reported one
    bool online() const { return status == "online"; }
};

// What a report says of its own worth; `at` in governor time.
struct Sign {
    std::string status;
    std::string clock;
    std::optional<std::int64_t> at_ms;
    std::int64_t clock_offset_ms = 0;
    std::int64_t interval_s = 60;
    bool retained = true;
    Instant arrived;
};

// `max_age`: older is lost; without it, older than three of the report's own intervals.
HealthView judge(const HealthReport& health, Instant now, std::optional<Span> max_age);
HealthView judge(const Sign& sign, Instant now, std::optional<Span> max_age);

struct Collected {
    std::map<std::string, HealthReport> nodes;  // by region/node
    bool complete = true;                       // false: the broker did not confirm the end in time
};

// Without `only`, every node below the prefix.
Result<Collected> collect_health(const BusOptions& options, const std::optional<NodeName>& only);

// The health filter and how a topic below the prefix splits into its node.
std::string topic_of(const BusOptions& options, const NodeName& node, Channel channel);
std::optional<NodeName> node_of_topic(std::string_view topic, std::string_view prefix);

}  // namespace flyball
