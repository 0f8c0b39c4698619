#pragma once
// A fleet as its health topics show it: which nodes there are and what each is worth now, rates
// between two reports, sums over regions. Fed with messages and asked with a `now`: reads no clock
// and talks to nobody. Bounded: `nodes_max` nodes; further ones are refused and counted.
// One thread.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fleet/health_report.h"
#include "fleet/node_name.h"
#include "fleet/view/health_facts.h"

namespace flyball {

struct NodeRow {
    NodeName name;
    HealthView health;   // online, degraded, draining, offline, lost, missing, unreadable
    HealthFacts facts;   // of the last full report, also when the node is gone since
    bool alive = false;  // its figures count: it is there, whatever it says of itself
    // Between its last two reports, or as it says itself while there is only one; 0 when not alive.
    double per_second = 0;
    double denied_per_second = 0;
    double errors_per_second = 0;
    LatencyTotals latency{};  // between its last two reports, else since it started
};

struct RegionRow {
    std::string region;  // empty: the whole fleet
    std::size_t nodes = 0;
    std::size_t online = 0;
    std::map<std::string, std::size_t> others;  // not online, by status
    double per_second = 0;
    double denied_per_second = 0;
    double errors_per_second = 0;
    double p50_us = 0;  // of all its nodes together, between the bounds of the buckets
    double p99_us = 0;  // 0: nothing was asked
    std::int64_t memory_bytes = 0;
    std::int64_t governors = 0;
    std::int64_t tenants = 0;
    std::int64_t denials = 0;
    LatencyTotals latency{};
};

class FleetView {
public:
    static constexpr std::size_t nodes_max = 10'000;  // 100 fleets of the size the project is for
    static constexpr std::size_t payload_max = 64 * 1024;  // four times what the protocol allows

    enum class Heard : std::uint8_t {
        taken,
        cleared,     // an empty payload: somebody retired the node
        late,        // the will of a session that another has followed
        unreadable,  // no health report; the node is shown as unreadable
        refused,     // one node too many
    };

    // `max_age`: older reports are lost; without it three of a report's own intervals.
    explicit FleetView(std::optional<Span> max_age = std::nullopt) : max_age_(max_age) {}

    Heard hear(const NodeName& name, std::string_view payload, bool retained, Instant arrived);
    // A node that has to be there: shown as missing until it reports.
    void expect(const NodeName& name);

    std::vector<NodeRow> nodes(Instant now) const;  // by region and name
    std::uint64_t refused() const { return refused_; }

private:
    struct Record {
        NodeName name;
        std::optional<HealthFacts> facts;
        std::string status;  // of the last message; empty while expected and silent
        bool readable = true;
        bool retained = true;
        Instant arrived;
        double per_second = 0;
        double denied_per_second = 0;
        double errors_per_second = 0;
        LatencyTotals latency{};
    };

    Record* record_of(const NodeName& name);
    static void measure(Record& record, const HealthFacts& now);
    NodeRow row_of(const Record& record, Instant now) const;

    std::optional<Span> max_age_;
    std::map<std::string, Record> records_;  // by region/node
    std::uint64_t refused_ = 0;
};

// By region's name.
std::vector<RegionRow> regions_of(const std::vector<NodeRow>& nodes);
RegionRow whole_of(const std::vector<NodeRow>& nodes);

// The latency below which `fraction` (0 to 1) of the requests lie, linear within a bucket; 0 when
// there were none, the last bound when it lies beyond.
double percentile_us(const LatencyTotals& totals, double fraction);

}  // namespace flyball
