#pragma once
// What a health report says, as plain values: docs/protocol.md, "Health". Strangers publish there,
// so whatever is missing, of another type or out of range becomes the value's default, and text is
// made safe to print. Bounded: `governors_max` rows, `reasons_max` reasons each. Pure. Any thread.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "fleet/payload.h"

namespace flyball {

struct GovernorFacts {
    std::string type;
    std::string name;
    std::string status;  // up, down
    std::int64_t tenants = 0;
    std::int64_t memory_bytes = 0;
    std::int64_t restarts = 0;
    std::int64_t allow = 0;  // totals since the node started
    std::int64_t deny = 0;
    std::int64_t error = 0;
    std::vector<std::pair<std::string, std::int64_t>> denied;  // by reason

    std::string text() const { return type + "/" + name; }
};

// Cumulative: requests that took up to 50, 100, 250, 500, 1000, 2500, 5000, 10000, 50000 and
// 250000 µs, and all.
using LatencyTotals = std::array<std::int64_t, 11>;
inline constexpr std::array<std::int64_t, 10> latency_bounds_us{50,   100,  250,   500,   1000,
                                                                2500, 5000, 10000, 50000, 250000};

struct HealthFacts {
    std::string status;
    std::string version;
    std::string clock;
    std::string broker;
    std::string journal_error;  // empty: none
    std::optional<std::int64_t> session;
    std::optional<std::int64_t> at_ms;
    std::int64_t clock_offset_ms = 0;
    std::int64_t started_at_ms = 0;
    std::int64_t uptime_s = 0;
    std::int64_t interval_s = 60;  // 1 to 366 days
    std::optional<std::int64_t> rss_bytes;
    std::optional<std::int64_t> pss_bytes;
    std::int64_t governor_bytes = 0;
    double cpu_percent = 0;  // of one core, over the last interval
    double per_second = 0;   // the same
    std::int64_t requests = 0;
    std::int64_t errors = 0;
    std::int64_t p50_us = 0;
    std::int64_t p99_us = 0;
    std::int64_t latency_sum_us = 0;
    std::optional<LatencyTotals> latency;  // nothing when it is not monotonic or not 11 numbers
    std::int64_t events_pending = 0;
    std::int64_t events_lost = 0;
    std::optional<std::int64_t> certificate_not_after_ms;
    std::optional<std::int64_t> ca_not_after_ms;
    std::int64_t governors_total = 0;
    std::vector<GovernorFacts> governors;  // the first 32

    std::int64_t denials() const;       // of the listed governors
    std::int64_t memory_bytes() const;  // PSS, else RSS, else 0
};

inline constexpr std::size_t governors_max = 32;  // what a report lists
inline constexpr std::size_t reasons_max = 32;    // the protocol names fewer for any type

// Nothing when the report has no status: then it is not one.
std::optional<HealthFacts> read_health_facts(const Json& report);

// When a certificate of the node ends within 14 days by its own report; else empty. From then on a
// node calls itself degraded (docs/protocol.md, "Health").
std::string certificate_note(const HealthFacts& facts);

// Why a node calls itself degraded, as far as its report tells: "quota/main is down, journal: ...".
std::string why_degraded(const HealthFacts& facts);

}  // namespace flyball
