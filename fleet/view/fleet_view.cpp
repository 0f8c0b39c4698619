#include "fleet/view/fleet_view.h"

#include <algorithm>

namespace flyball {
namespace {

double rate(std::int64_t before, std::int64_t after, double seconds) {
    return seconds > 0 && after > before ? static_cast<double>(after - before) / seconds : 0;
}

void add(LatencyTotals& sum, const LatencyTotals& more) {
    for (std::size_t i = 0; i < sum.size(); ++i) {
        sum[i] += more[i];
    }
}

void add(RegionRow& region, const NodeRow& node) {
    ++region.nodes;
    if (node.health.online()) {
        ++region.online;
    } else {
        ++region.others[node.health.status];
    }
    if (!node.alive) {
        return;
    }
    region.per_second += node.per_second;
    region.denied_per_second += node.denied_per_second;
    region.errors_per_second += node.errors_per_second;
    region.memory_bytes += node.facts.memory_bytes();
    region.governors += node.facts.governors_total;
    region.denials += node.facts.denials();
    for (const GovernorFacts& governor : node.facts.governors) {
        region.tenants += governor.tenants;
    }
    add(region.latency, node.latency);
}

void finish(RegionRow& region) {
    region.p50_us = percentile_us(region.latency, 0.50);
    region.p99_us = percentile_us(region.latency, 0.99);
}

}  // namespace

FleetView::Record* FleetView::record_of(const NodeName& name) {
    const std::string key = name.text();
    const auto found = records_.find(key);
    if (found != records_.end()) {
        return &found->second;
    }
    if (records_.size() >= nodes_max) {
        ++refused_;
        return nullptr;
    }
    Record& fresh = records_[key];
    fresh.name = name;
    return &fresh;
}

void FleetView::expect(const NodeName& name) {
    record_of(name);
}

// Totals begin anew when a node does, so only two reports of one life make a difference.
void FleetView::measure(Record& record, const HealthFacts& now) {
    const bool same_life = record.facts && record.facts->started_at_ms == now.started_at_ms;
    if (same_life && record.facts->at_ms == now.at_ms) {
        return;  // the same report again, as after a new connection to the broker
    }
    record.per_second = now.per_second;
    record.denied_per_second = 0;
    record.errors_per_second = 0;
    record.latency = now.latency.value_or(LatencyTotals{});
    if (!same_life) {
        return;
    }
    const HealthFacts& before = *record.facts;
    const double seconds =
        static_cast<double>(now.at_ms.value_or(0) - before.at_ms.value_or(0)) / 1000;
    if (seconds <= 0) {
        return;
    }
    record.per_second = rate(before.requests, now.requests, seconds);
    record.denied_per_second = rate(before.denials(), now.denials(), seconds);
    record.errors_per_second = rate(before.errors, now.errors, seconds);
    const bool risen =
        before.latency && now.latency && before.latency->back() <= now.latency->back();
    for (std::size_t i = 0; risen && i < record.latency.size(); ++i) {
        record.latency[i] = std::max<std::int64_t>((*now.latency)[i] - (*before.latency)[i], 0);
    }
}

FleetView::Heard FleetView::hear(const NodeName& name, std::string_view payload, bool retained,
                                 Instant arrived) {
    if (payload.empty()) {
        records_.erase(name.text());
        return Heard::cleared;
    }
    Record* record = record_of(name);
    if (record == nullptr) {
        return Heard::refused;
    }
    const auto report = payload.size() <= payload_max ? decode_payload(payload) : std::nullopt;
    auto facts = report ? read_health_facts(*report) : std::nullopt;
    record->readable = facts.has_value();
    if (!facts) {
        return Heard::unreadable;
    }
    const bool follows = !record->facts || !record->facts->session || !facts->session ||
                         *facts->session >= *record->facts->session;
    if (facts->status == "offline" && !follows) {
        return Heard::late;
    }
    record->status = facts->status;
    record->retained = retained;
    record->arrived = arrived;
    if (facts->status == "offline" && !facts->at_ms) {
        return Heard::taken;  // a will: what the node was before is still worth a look
    }
    measure(*record, *facts);
    record->facts = std::move(facts);
    return Heard::taken;
}

NodeRow FleetView::row_of(const Record& record, Instant now) const {
    NodeRow row;
    row.name = record.name;
    if (record.facts) {
        row.facts = *record.facts;
    }
    if (!record.readable) {
        row.health = {"unreadable", std::nullopt, "its health is not a report"};
        return row;
    }
    if (record.status.empty()) {
        row.health = {"missing", std::nullopt, "no health report"};
        return row;
    }
    row.health =
        judge(Sign{record.status, row.facts.clock, row.facts.at_ms, row.facts.clock_offset_ms,
                   row.facts.interval_s, record.retained, record.arrived},
              now, max_age_);
    row.alive = row.health.status != "lost" && row.health.status != "offline";
    if (row.health.status == "degraded") {
        row.health.note = why_degraded(row.facts);
    }
    if (row.alive) {
        row.per_second = record.per_second;
        row.denied_per_second = record.denied_per_second;
        row.errors_per_second = record.errors_per_second;
        row.latency = record.latency;
    }
    return row;
}

std::vector<NodeRow> FleetView::nodes(Instant now) const {
    std::vector<NodeRow> rows;
    rows.reserve(records_.size());
    for (const auto& [key, record] : records_) {
        rows.push_back(row_of(record, now));
    }
    return rows;
}

std::vector<RegionRow> regions_of(const std::vector<NodeRow>& nodes) {
    std::map<std::string, RegionRow> regions;
    for (const NodeRow& node : nodes) {
        RegionRow& region = regions[node.name.region];
        region.region = node.name.region;
        add(region, node);
    }
    std::vector<RegionRow> rows;
    for (auto& [name, region] : regions) {
        finish(region);
        rows.push_back(std::move(region));
    }
    return rows;
}

RegionRow whole_of(const std::vector<NodeRow>& nodes) {
    RegionRow whole;
    for (const NodeRow& node : nodes) {
        add(whole, node);
    }
    finish(whole);
    return whole;
}

double percentile_us(const LatencyTotals& totals, double fraction) {
    const double wanted = static_cast<double>(totals.back()) * fraction;
    if (totals.back() <= 0) {
        return 0;
    }
    std::int64_t below = 0;
    double from = 0;
    for (std::size_t i = 0; i < latency_bounds_us.size(); ++i) {
        const auto bound = static_cast<double>(latency_bounds_us[i]);
        const std::int64_t inside = totals[i] - below;
        if (inside > 0 && static_cast<double>(totals[i]) >= wanted) {
            const double part = (wanted - static_cast<double>(below)) / static_cast<double>(inside);
            return from + (bound - from) * std::clamp(part, 0.0, 1.0);
        }
        below = totals[i];
        from = bound;
    }
    return static_cast<double>(latency_bounds_us.back());
}

}  // namespace flyball
