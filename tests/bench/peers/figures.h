#pragma once
// What is measured of a peer, once a round: plain numbers, NaN where a peer has no such thing. A
// table names them all: in JSON, in the lines of peers that measure themselves, in the report.

#include <array>
#include <limits>
#include <string_view>
#include <vector>

namespace flyball::bench {

constexpr double none = std::numeric_limits<double>::quiet_NaN();

struct Figures {
    double per_second = none;  // saturated
    double one_p50_us = none, one_p99_us = none, one_p999_us = none;
    double half_per_second = none;
    double half_p50_us = none, half_p99_us = none, half_p999_us = none;
    // By how much the questions under half load left late, where the generator knows.
    double half_late_p50_us = none, half_late_p99_us = none, half_late_p999_us = none;
    double cpu_us = none, broker_cpu_us = none, both_cpu_us = none;  // a decision, saturated
    double load_cpu_us = none;                                       // the load generator's
    double rss_mb = none, pss_mb = none, broker_rss_mb = none;
    double startup_ms = none;
    double governor_bytes = none, governor_with_tenants_bytes = none;
    double unanswered = none;
};

struct FigureName {
    std::string_view key;
    double Figures::*value;
    std::string_view heading;  // empty: in the JSON only
};
constexpr std::array<FigureName, 22> figure_names{{
    {"per_second", &Figures::per_second, "a second"},
    {"one_p50_us", &Figures::one_p50_us, "1 in flight: p50 µs"},
    {"one_p99_us", &Figures::one_p99_us, "p99"},
    {"one_p999_us", &Figures::one_p999_us, "p99.9"},
    {"half_per_second", &Figures::half_per_second, ""},
    {"half_p50_us", &Figures::half_p50_us, "half load: p50 µs"},
    {"half_p99_us", &Figures::half_p99_us, "p99"},
    {"half_p999_us", &Figures::half_p999_us, "p99.9"},
    {"half_late_p50_us", &Figures::half_late_p50_us, ""},
    {"half_late_p99_us", &Figures::half_late_p99_us, ""},
    {"half_late_p999_us", &Figures::half_late_p999_us, ""},
    {"cpu_us", &Figures::cpu_us, "CPU µs: responder"},
    {"broker_cpu_us", &Figures::broker_cpu_us, "broker"},
    {"both_cpu_us", &Figures::both_cpu_us, "both"},
    {"load_cpu_us", &Figures::load_cpu_us, ""},
    {"rss_mb", &Figures::rss_mb, "RSS MB: responder"},
    {"pss_mb", &Figures::pss_mb, "PSS"},
    {"broker_rss_mb", &Figures::broker_rss_mb, "RSS: broker"},
    {"startup_ms", &Figures::startup_ms, "start ms"},
    {"governor_bytes", &Figures::governor_bytes, "bytes: a governor"},
    {"governor_with_tenants_bytes", &Figures::governor_with_tenants_bytes, "100 tenants"},
    {"unanswered", &Figures::unanswered, ""},
}};

// Of each figure on its own, over the rounds that have it.
Figures median_of(const std::vector<Figures>& rounds);

}  // namespace flyball::bench
