#include "fleet/view/health_facts.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "fleet/render.h"
#include "fleet/typed_json.h"

namespace flyball {
namespace {

constexpr std::int64_t exact_max = std::int64_t{1} << 53;  // what JSON's other readers keep exact
constexpr std::int64_t interval_max_s = std::int64_t{366} * 86'400;
constexpr std::int64_t certificate_warned_ms = std::int64_t{14} * 86'400'000;
constexpr std::size_t text_max = 256;  // bytes; a screen or a label has no room for more

const Json* at(const Json& map, const char* key) {
    if (!map.is_object()) {
        return nullptr;
    }
    const auto found = map.find(key);
    return found == map.end() ? nullptr : &*found;
}

std::optional<std::int64_t> integer(const Json& map, const char* key) {
    const auto number = integer_at(map, key);
    return number && *number >= -exact_max && *number <= exact_max ? number : std::nullopt;
}

std::int64_t count(const Json& map, const char* key) {
    return std::max<std::int64_t>(integer(map, key).value_or(0), 0);
}

double real(const Json& map, const char* key) {
    const Json* value = at(map, key);
    return value != nullptr && value->is_number() ? std::max(value->get<double>(), 0.0) : 0.0;
}

std::string text(const Json& map, const char* key) {
    return printable(std::string_view(text_at(map, key)).substr(0, text_max));
}

std::optional<LatencyTotals> read_latency(const Json& latency) {
    const Json* buckets = at(latency, "buckets");
    LatencyTotals totals{};
    if (buckets == nullptr || !buckets->is_array() || buckets->size() != totals.size()) {
        return std::nullopt;
    }
    for (std::size_t i = 0; i < totals.size(); ++i) {
        const Json& total = (*buckets)[i];
        const std::int64_t before = i == 0 ? 0 : totals[i - 1];
        if (!total.is_number_integer() || total.get<std::int64_t>() < before ||
            total.get<std::int64_t>() > exact_max) {
            return std::nullopt;
        }
        totals[i] = total.get<std::int64_t>();
    }
    return totals;
}

GovernorFacts read_governor(const Json& row) {
    GovernorFacts facts;
    facts.type = text(row, "type");
    facts.name = text(row, "name");
    facts.status = text(row, "status");
    facts.tenants = count(row, "tenants");
    facts.memory_bytes = count(row, "memory_bytes");
    facts.restarts = count(row, "restarts");
    facts.allow = count(row, "allow");
    facts.deny = count(row, "deny");
    facts.error = count(row, "error");
    const Json& denied = map_at(row, "denied");
    for (const auto& [reason, number] : denied.items()) {
        if (facts.denied.size() < reasons_max && number.is_number_integer()) {
            facts.denied.emplace_back(printable(std::string_view(reason).substr(0, text_max)),
                                      count(denied, reason.c_str()));
        }
    }
    return facts;
}

void read_traffic(const Json& report, HealthFacts& facts) {
    const Json& throughput = map_at(report, "throughput");
    facts.per_second = real(throughput, "per_second");
    facts.requests = count(throughput, "requests");
    facts.errors = count(throughput, "errors");
    const Json& latency = map_at(report, "latency_us");
    facts.p50_us = count(latency, "p50");
    facts.p99_us = count(latency, "p99");
    facts.latency_sum_us = count(latency, "sum");
    facts.latency = read_latency(latency);
    const Json& events = map_at(report, "events");
    facts.events_pending = count(events, "pending");
    facts.events_lost = count(events, "lost");
}

void read_resources(const Json& report, HealthFacts& facts) {
    const Json& memory = map_at(report, "memory");
    facts.rss_bytes = integer(memory, "rss_bytes");
    facts.pss_bytes = integer(memory, "pss_bytes");
    facts.governor_bytes = count(memory, "governor_bytes");
    facts.cpu_percent = real(map_at(report, "cpu"), "percent");
    facts.journal_error = text(map_at(report, "journal"), "last_error");
    const Json& tls = map_at(report, "tls");
    facts.certificate_not_after_ms = integer(tls, "not_after");
    facts.ca_not_after_ms = integer(tls, "ca_not_after");
}

}  // namespace

std::int64_t HealthFacts::denials() const {
    return std::accumulate(
        governors.begin(), governors.end(), std::int64_t{0},
        [](std::int64_t sum, const GovernorFacts& governor) { return sum + governor.deny; });
}

std::int64_t HealthFacts::memory_bytes() const {
    return std::max<std::int64_t>(pss_bytes.value_or(rss_bytes.value_or(0)), 0);
}

std::optional<HealthFacts> read_health_facts(const Json& report) {
    const Json* status = at(report, "status");
    if (status == nullptr || !status->is_string()) {
        return std::nullopt;
    }
    HealthFacts facts;
    facts.status = text(report, "status");
    facts.version = text(report, "version");
    facts.clock = text(report, "clock");
    facts.broker = text(report, "broker");
    facts.session = integer(report, "session");
    facts.at_ms = integer(report, "at");
    facts.clock_offset_ms = integer(report, "clock_offset_ms").value_or(0);
    facts.started_at_ms = integer(report, "started_at").value_or(0);
    facts.uptime_s = count(report, "uptime_s");
    facts.interval_s = std::clamp<std::int64_t>(
        integer(report, "interval_s").value_or(facts.interval_s), 1, interval_max_s);
    read_traffic(report, facts);
    read_resources(report, facts);
    facts.governors_total = count(report, "governors_total");
    if (const Json* rows = at(report, "governors"); rows != nullptr && rows->is_array()) {
        for (const Json& row : *rows) {
            if (row.is_object() && facts.governors.size() < governors_max) {
                facts.governors.push_back(read_governor(row));
            }
        }
    }
    return facts;
}

std::string certificate_note(const HealthFacts& facts) {
    if (!facts.at_ms || facts.clock == "unset") {
        return {};
    }
    std::string note;
    for (const auto& [whose, end] : {std::pair{"its certificate", facts.certificate_not_after_ms},
                                     std::pair{"its CA", facts.ca_not_after_ms}}) {
        const std::int64_t left = end.value_or(exact_max) - *facts.at_ms;
        if (left >= certificate_warned_ms) {
            continue;
        }
        note += note.empty() ? "" : ", ";
        note += left > 0 ? fmt::format("{} ends in {}", whose, span_text(left))
                         : fmt::format("{} has ended", whose);
    }
    return note;
}

std::string why_degraded(const HealthFacts& facts) {
    std::vector<std::string> reasons;
    for (const GovernorFacts& governor : facts.governors) {
        if (governor.status != "up") {
            reasons.push_back(fmt::format("{} is {}", governor.text(), governor.status));
        }
    }
    if (!facts.journal_error.empty()) {
        reasons.push_back("journal: " + facts.journal_error);
    }
    if (facts.clock == "behind") {
        reasons.emplace_back("its clock is behind");
    }
    if (auto certificate = certificate_note(facts); !certificate.empty()) {
        reasons.push_back(std::move(certificate));
    }
    // The protocol knows five causes; the last one is the one that a report does not name.
    return reasons.empty() ? "another node may be using its name"
                           : fmt::format("{}", fmt::join(reasons, ", "));
}

}  // namespace flyball
