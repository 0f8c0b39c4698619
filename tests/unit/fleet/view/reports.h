#pragma once
// Health reports for the tests of what is made of them.

#include <string>

#include "fleet/view/fleet_view.h"

namespace flyball::testing {

inline const Instant start = instant_from_ms(1'700'000'000'000);

struct Told {
    Instant at = start;
    std::int64_t requests = 0;
    std::int64_t denied = 0;
    std::int64_t session = 1;
    std::int64_t started_ms = 1'600'000'000'000;
    std::string status = "online";
    std::int64_t fast = 0;  // of the requests: below 50 µs; the others took 500 to 1000
};

inline Json report(const Told& told) {
    Json buckets = Json::array();
    for (int i = 0; i < 11; ++i) {
        buckets.push_back(i < 4 ? told.fast : told.requests);
    }
    return {{"status", told.status},
            {"version", "0.1.0"},
            {"session", told.session},
            {"at", to_ms(told.at)},
            {"started_at", told.started_ms},
            {"uptime_s", 60},
            {"interval_s", 10},
            {"clock", "ok"},
            {"memory", {{"rss_bytes", 2'000'000}, {"pss_bytes", 1'000'000}}},
            {"cpu", {{"percent", 1.5}}},
            {"throughput", {{"requests", told.requests}, {"errors", 0}, {"per_second", 7.5}}},
            {"latency_us", {{"p50", 40}, {"p99", 900}, {"sum", 1000}, {"buckets", buckets}}},
            {"journal", {{"last_error", nullptr}}},
            {"events", {{"pending", 0}, {"lost", 0}}},
            {"governors_total", 1},
            {"governors",
             {{{"type", "quota"},
               {"name", "main"},
               {"status", "up"},
               {"tenants", 3},
               {"memory_bytes", 4096},
               {"allow", told.requests - told.denied},
               {"deny", told.denied},
               {"error", 0},
               {"denied", {{"quota_exceeded", told.denied}}}}}}};
}

inline NodeName name_of(const std::string& text) {
    return *parse_node(text);
}

inline FleetView::Heard hear(FleetView& view, const std::string& node, const Told& told,
                             bool retained = false) {
    return view.hear(name_of(node), report(told).dump(), retained, told.at);
}

}  // namespace flyball::testing
