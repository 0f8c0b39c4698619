#include "node/health.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "node/governor_row.h"

namespace flyball {

namespace {

void write_number(Writer& writer, std::string_view name, double number) {
    writer.key(name);
    writer.real(number);
}

void write_null(Writer& writer, std::string_view name) {
    writer.key(name);
    writer.null();
}

void write_bytes(Writer& writer, std::string_view name, std::optional<std::uint64_t> bytes) {
    writer.key(name);
    if (bytes) {
        writer.unsigned_integer(*bytes);
    } else {
        writer.null();
    }
}

double seconds(std::int64_t us) {
    return static_cast<double>(us) / 1e6;
}

void write_latency(Writer& writer, const HealthInput& input) {
    writer.key("latency_us");
    writer.begin_map();
    writer.field("p50", input.recent.p50);
    writer.field("p99", input.recent.p99);
    writer.field("p999", input.recent.p999);
    writer.field("max", input.recent.max);
    writer.field("sum", input.latency.sum_us());
    writer.key("buckets");
    writer.begin_array();
    for (const std::uint64_t total : input.latency.totals()) {
        writer.unsigned_integer(total);
    }
    writer.end_array();
    writer.end_map();
}

// 16 hex digits.
std::string instance_text(std::uint64_t instance) {
    return fmt::format("{:016x}", instance);
}

std::string_view durability_text(Durability durability) {
    switch (durability) {
        case Durability::commit: return "commit";
        case Durability::interval: return "interval";
        case Durability::none: return "none";
    }
    return {};
}

void write_events(Writer& writer, const EventQueue& events) {
    writer.key("events");
    writer.begin_map();
    writer.field("n", events.number());
    writer.field("pending", static_cast<std::int64_t>(events.pending()));
    writer.field("lost", events.lost());
    writer.end_map();
}

void write_identity(Writer& writer, const HealthInput& input) {
    writer.field("status", input.status);
    writer.field("node", input.root.node);
    writer.field("region", input.root.region);
    writer.field("instance", instance_text(input.instance));
    writer.field("version", FLYBALL_VERSION);
    writer.field("contract", 1);
    writer.key("features");
    writer.begin_array();
    for (const std::string_view feature : Engine::features()) {
        writer.text(feature);
    }
    writer.end_array();
    writer.field("session", input.session);
    writer.field("state_epoch", input.state_epoch);
    writer.field("at", to_ms(input.at));
    writer.field("started_at", to_ms(input.started_at));
    writer.field("uptime_s", input.uptime_s);
    writer.field("startup_ms", input.startup_ms);
    writer.field("interval_s", input.interval_s);
    writer.field("clock", input.clock);
    writer.field("clock_offset_ms", input.clock_offset_ms);
    writer.field("transport", input.transport);
    writer.field("broker", input.broker);
    writer.field("policy_rev", input.policy_rev);
}

void write_resources(Writer& writer, const HealthInput& input) {
    writer.key("memory");
    writer.begin_map();
    write_bytes(writer, "rss_bytes", input.process.rss_bytes);
    write_bytes(writer, "pss_bytes", input.process.pss_bytes);
    writer.field("heap_bytes", input.process.heap_bytes);
    std::size_t governor_bytes = 0;
    input.engine.registry().each(
        [&](const Governor& governor) { governor_bytes += governor.memory_bytes(); });
    writer.field("governor_bytes", static_cast<std::int64_t>(governor_bytes));
    writer.end_map();
    writer.key("cpu");
    writer.begin_map();
    write_number(writer, "percent", input.rates.cpu_percent);
    write_number(writer, "user_s", seconds(input.process.user_us));
    write_number(writer, "system_s", seconds(input.process.system_us));
    writer.end_map();
}

void write_traffic(Writer& writer, const HealthInput& input) {
    const EngineCounts& counts = input.engine.counts();
    writer.key("throughput");
    writer.begin_map();
    writer.field("requests", counts.requests);
    writer.field("errors", counts.errors);
    writer.field("expired", counts.expired);
    writer.field("replayed", counts.replayed);
    writer.field("retained", counts.retained);
    writer.field("refused", input.refused);
    write_number(writer, "per_second", input.rates.per_second);
    write_number(writer, "error_rate", input.rates.error_rate);
    writer.end_map();
    write_latency(writer, input);
}

void write_state(Writer& writer, const HealthInput& input) {
    const Keeper::Health& state = input.state;
    writer.key("journal");
    writer.begin_map();
    writer.field("durability", durability_text(input.durability));
    writer.field("bytes", state.sizes.journal_bytes);
    writer.field("commits", state.commits);
    writer.key("last_error");
    if (state.last_error.empty()) {
        writer.null();
    } else {
        writer.text(state.last_error);
    }
    writer.end_map();
    writer.key("snapshot");
    if (state.sizes.snapshot_bytes == 0) {
        writer.null();
        return;
    }
    writer.begin_map();
    if (state.snapshots > 0) {
        writer.field("at", to_ms(state.snapshot_at));
    } else {
        write_null(writer, "at");
    }
    writer.field("bytes", state.sizes.snapshot_bytes);
    writer.field("memory_bytes", state.sizes.memory_bytes);
    if (state.sizes.raw_bytes > 0) {
        writer.field("raw_bytes", state.sizes.raw_bytes);
        write_number(writer, "ratio",
                     static_cast<double>(state.sizes.raw_bytes) /
                         static_cast<double>(state.sizes.snapshot_bytes));
    } else {
        write_null(writer, "raw_bytes");
        write_null(writer, "ratio");
    }
    writer.end_map();
}

void write_end(Writer& writer, std::string_view name, const std::optional<Instant>& end) {
    writer.key(name);
    if (end) {
        writer.integer(to_ms(*end));
    } else {
        writer.null();
    }
}

void write_certificates(Writer& writer, const CertificateEnds& ends) {
    if (ends == CertificateEnds{}) {
        write_null(writer, "tls");
        return;
    }
    writer.key("tls");
    writer.begin_map();
    write_end(writer, "not_after", ends.not_after);
    write_end(writer, "ca_not_after", ends.ca_not_after);
    writer.end_map();
}

constexpr std::size_t report_end_bytes = 2;  // what closes the list and the report

void write_governors(Writer& writer, const HealthInput& input) {
    writer.field("governors_total", static_cast<std::int64_t>(input.engine.registry().size()));
    writer.key("governors");
    writer.begin_array();
    std::size_t listed = 0;
    for (const bool down : {true, false}) {
        input.engine.registry().each([&](const Governor& governor) {
            if (listed == health_governors_max || governor.standing().down != down) {
                return;
            }
            const Writer::Mark mark = writer.mark();
            write_governor_row(writer, governor, input.at);
            ++listed;
            if (writer.bytes().size() + report_end_bytes > input.bytes_max) {
                writer.rewind(mark);
                listed = health_governors_max;
            }
        });
    }
    writer.end_array();
}

// Only where topics are governed: the first rules, as many as fit.
void write_governed(Writer& writer, const GovernedTopics& governed) {
    if (governed.size() == 0) {
        return;
    }
    const std::size_t begun = writer.bytes().size();
    writer.key("governed");
    writer.begin_array();
    for (std::size_t at = 0; at < std::min(governed.size(), health_governed_max); ++at) {
        const auto [rule, counts] = governed.row(at);
        if (writer.bytes().size() - begun + rule.topic.size() > health_governed_bytes) {
            break;
        }
        writer.begin_map();
        writer.field("topic", rule.topic);
        writer.field("on", rule.on == GovernedAction::publish ? "publish" : "subscribe");
        writer.field("mode", rule.observes ? "observe" : "enforce");
        writer.field("allow", counts.allow);
        writer.field("deny", counts.deny);
        writer.field("error", counts.error);
        writer.field("unmapped", counts.unmapped);
        writer.end_map();
    }
    writer.end_array();
}

}  // namespace

HealthMeter::Rates HealthMeter::take(const Reading& reading, std::int64_t now_us) {
    const double elapsed = seconds(now_us - last_us_);
    if (begun_ && elapsed > 0) {
        const auto requests = static_cast<double>(reading.requests - last_.requests);
        const auto errors = static_cast<double>(reading.errors - last_.errors);
        rates_.per_second = requests / elapsed;
        rates_.error_rate = requests > 0 ? errors / requests : 0;
        rates_.cpu_percent = 100 * seconds(reading.cpu_us - last_.cpu_us) / elapsed;
    }
    begun_ = true;
    last_ = reading;
    last_us_ = now_us;
    return rates_;
}

void write_health(Writer& writer, const HealthInput& input) {
    writer.restart(Encoding::json);
    writer.begin_map();
    write_identity(writer, input);
    write_resources(writer, input);
    write_traffic(writer, input);
    write_state(writer, input);
    write_events(writer, input.events);
    write_certificates(writer, input.certificates);
    write_governed(writer, input.governed);
    write_governors(writer, input);
    writer.end_map();
}

}  // namespace flyball
