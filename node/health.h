#pragma once
// The node's health report (docs/protocol.md, health): what is measured, as one JSON document of at
// most 16 KiB. Written by whoever owns the engine. What does not exist in this build is null.

#include <cstdint>
#include <string_view>

#include "node/engine.h"
#include "node/event_queue.h"
#include "node/governed_topics.h"
#include "node/governor_clock.h"
#include "node/histogram.h"
#include "node/keeper.h"
#include "node/process_stats.h"
#include "schemas/time.h"
#include "schemas/writer.h"
#include "transport/transport.h"

namespace flyball {

inline constexpr std::size_t health_bytes_max = 16 * 1024;
inline constexpr std::size_t health_governors_max = 32;
inline constexpr std::size_t health_governed_max = 32;
inline constexpr std::size_t health_governed_bytes = 2048;  // what the other keys leave

// Rates over the last interval between two reports.
class HealthMeter {
public:
    struct Reading {
        std::uint64_t requests = 0;
        std::uint64_t errors = 0;
        std::int64_t cpu_us = 0;
    };
    struct Rates {
        double per_second = 0;
        double error_rate = 0;   // errors as a fraction of the requests
        double cpu_percent = 0;  // of one core
    };
    // `now_us`: monotonic. The first interval begins with the program.
    Rates take(const Reading& reading, std::int64_t now_us);

private:
    Reading last_;
    std::int64_t last_us_ = 0;
    bool begun_ = false;
    Rates rates_;
};

struct HealthInput {
    std::string_view status;
    const Root& root;
    const Engine& engine;
    const Latency& latency;
    Latency::Recent recent;
    const ProcessStats& process;
    HealthMeter::Rates rates;
    const EventQueue& events;
    const Keeper::Health& state;
    Durability durability = Durability::interval;
    std::uint64_t state_epoch = 0;
    std::uint64_t instance = 0;
    std::uint64_t session = 0;
    std::uint64_t refused = 0;
    Instant at;
    Instant started_at;
    std::int64_t uptime_s = 0;
    std::int64_t startup_ms = 0;
    std::int64_t interval_s = 0;
    std::string_view clock;
    std::int64_t clock_offset_ms = 0;
    std::string_view transport;
    std::string_view broker;
    std::string_view policy_rev;
    CertificateEnds certificates{};
    const GovernedTopics& governed;
    std::size_t bytes_max = health_bytes_max;  // of the report; governors beyond it are left out
};

void write_health(Writer& writer, const HealthInput& input);

}  // namespace flyball
