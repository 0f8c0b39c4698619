#pragma once
// What a load measured: counts by request (an entry of a batch is one), latencies by message, from
// the instant a request was due by the schedule until its reply arrived, so that a stall counts for
// all that it delayed. Plain values.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "fleet/load/histogram.h"

namespace flyball {

struct LoadCounts {
    std::uint64_t asked = 0;
    std::uint64_t answered = 0;  // within the patience of 2 s; allowed, denied or an error
    std::uint64_t denied = 0;
    std::uint64_t errors = 0;
    std::uint64_t unanswered = 0;

    void add(const LoadCounts& other);
    double availability() const;  // answered in time / asked; 1 when nothing was asked
};

struct LoadSecond {
    std::uint32_t second = 0;  // since the start
    LoadCounts counts;
    std::int64_t p50_us = 0;
    std::int64_t p99_us = 0;
};

struct RegionLoad {
    std::string region;
    std::size_t devices = 0;
    LoadCounts all;
    LoadCounts calm;  // those outside fault windows and the 2 s after each
    LoadHistogram latency_us;
    std::vector<LoadSecond> seconds;     // the first two hours of them
    std::uint64_t seconds_left_out = 0;  // after those
};

struct LoadFigures {
    double seconds = 0;  // from the first request due to the end of the schedule
    double per_second = 0;
    std::size_t batch = 1;
    std::vector<RegionLoad> regions;
    LoadHistogram latency_us;
    LoadHistogram calm_latency_us;
    LoadHistogram lateness_us;             // of the generator: sent after it was due
    std::uint64_t given_up_forgotten = 0;  // a late reply to one of these looks like a second one
    std::uint64_t late_replies = 0;        // came after the patience; they count as unanswered
    std::uint64_t retries = 0;             // asked again under the same id, beside the schedule
    std::uint64_t retries_answered = 0;
    // Ids of which it is not known what became of them, by why nobody asks any more.
    std::map<std::string, std::uint64_t> in_doubt;
    // What this tool lost by itself; it counts as unanswered.
    std::uint64_t not_sent = 0;
    std::uint64_t replies_lost = 0;                      // the inbox was full
    std::map<std::string, std::uint64_t> by_type;        // answered
    std::map<std::string, std::uint64_t> error_reasons;  // some reason: how often

    LoadCounts all() const;
    LoadCounts calm() const;
    double answered_per_second() const;
    double decided_per_second() const;  // allowed or denied: an error decides nothing
};

struct LiveRegion {
    std::string region;
    std::size_t devices = 0;
    LoadCounts all;
    LoadCounts calm;
    double per_second = 0;  // answered, in the last seconds
    std::int64_t p50_us = 0;
    std::int64_t p99_us = 0;
};

struct LiveFigures {
    double seconds = 0;
    std::vector<LiveRegion> regions;
    std::int64_t lateness_p99_us = 0;
};

}  // namespace flyball
