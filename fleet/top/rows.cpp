#include "fleet/top/rows.h"

#include <fmt/format.h>

#include <algorithm>

namespace flyball {
namespace {

constexpr std::int64_t uptime_sane_s = std::int64_t{1} << 40;  // no overflow, whatever was sent

Cell latency(double us) {
    return {us > 0 ? micros_text(us) : "-"};
}

Cell bytes(std::int64_t count) {
    return {count > 0 ? bytes_text(count) : "-"};
}

Cell trouble(double per_second) {
    return {rate_text(per_second), per_second > 0 ? Tone::warning : Tone::plain};
}

std::string short_span(std::int64_t seconds) {
    if (seconds < 60) {
        return fmt::format("{} s", seconds);
    }
    if (seconds < 3600) {
        return fmt::format("{} min", seconds / 60);
    }
    return seconds < 86'400 ? fmt::format("{} h", seconds / 3600)
                            : fmt::format("{} d", seconds / 86'400);
}

std::string top_reason(const GovernorFacts& governor) {
    const auto most = std::ranges::max_element(governor.denied, {},
                                               [](const auto& reason) { return reason.second; });
    return most == governor.denied.end() || most->second == 0
               ? ""
               : fmt::format("{} {}", most->first, most->second);
}

}  // namespace

std::string census(const RegionRow& region) {
    std::string text = fmt::format("{} online", region.online);
    for (const auto& [status, count] : region.others) {
        text += fmt::format(", {} {}", count, status);
    }
    return text;
}

std::vector<Column> region_columns() {
    return {{"REGION", 8, 0, false}, {"NODES", 5, 90},   {"REQ/S", 7, 100},       {"P50", 7, 50},
            {"P99", 7, 80},          {"DENY/S", 6, 60},  {"ERR/S", 6, 55},        {"MEM", 9, 65},
            {"GOV", 6, 30},          {"TENANTS", 8, 20}, {"STATE", 17, 85, false}};
}

std::vector<Cell> region_cells(const RegionRow& region) {
    const bool well = region.online == region.nodes;
    return {{region.region.empty() ? "all" : region.region, Tone::strong},
            {fmt::format("{}", region.nodes)},
            {rate_text(region.per_second)},
            latency(region.p50_us),
            latency(region.p99_us),
            trouble(region.denied_per_second),
            trouble(region.errors_per_second),
            bytes(region.memory_bytes),
            {fmt::format("{}", region.governors)},
            {fmt::format("{}", region.tenants)},
            {well ? "all online" : census(region), well ? Tone::good : Tone::bad}};
}

std::vector<Column> node_columns() {
    return {{"NODE", 14, 0, false}, {"STATUS", 10, 100, false},
            {"REQ/S", 7, 95},       {"P50", 7, 40},
            {"P99", 7, 90},         {"DENY/S", 6, 75},
            {"ERR/S", 6, 55},       {"MEM", 9, 80},
            {"CPU", 5, 50},         {"GOV", 4, 45},
            {"UP", 6, 60},          {"VERSION", 8, 10},
            {"NOTE", 12, 30, false}};
}

std::vector<Cell> node_cells(const NodeRow& node) {
    const HealthFacts& facts = node.facts;
    const Cell name{node.name.text(), node.alive ? Tone::plain : Tone::dim};
    const Cell status{node.health.status, tone_of_decision(node.health.status)};
    if (!node.alive) {
        const std::string seen =
            node.health.age
                ? fmt::format("seen {} ago", short_span(node.health.age->count() / 1000))
                : std::string();
        const Cell none{"-", Tone::dim};
        return {name,
                status,
                none,
                none,
                none,
                none,
                none,
                none,
                none,
                none,
                none,
                {facts.version, Tone::dim},
                {seen.empty() ? node.health.note : seen, Tone::dim}};
    }
    return {name,
            status,
            {rate_text(node.per_second)},
            latency(static_cast<double>(facts.p50_us)),
            latency(static_cast<double>(facts.p99_us)),
            trouble(node.denied_per_second),
            trouble(node.errors_per_second),
            bytes(facts.memory_bytes()),
            {fmt::format("{:.1f}%", std::min(facts.cpu_percent, 9999.0))},
            {fmt::format("{}", facts.governors_total)},
            {short_span(std::min(facts.uptime_s, uptime_sane_s))},
            {facts.version},
            {node.health.note, Tone::warning}};
}

std::vector<Column> governor_columns() {
    return {{"GOVERNOR", 16, 0, false},
            {"STATUS", 6, 100, false},
            {"TENANTS", 7, 60},
            {"ALLOW", 9, 90},
            {"DENY", 8, 95},
            {"ERROR", 7, 70},
            {"MEM", 9, 50},
            {"RESTARTS", 8, 30},
            {"MOSTLY", 16, 80, false}};
}

std::vector<Cell> governor_cells(const GovernorFacts& governor) {
    return {{governor.text()},
            {governor.status, tone_of_decision(governor.status)},
            {fmt::format("{}", governor.tenants)},
            {fmt::format("{}", governor.allow)},
            {fmt::format("{}", governor.deny), governor.deny > 0 ? Tone::warning : Tone::plain},
            {fmt::format("{}", governor.error), governor.error > 0 ? Tone::bad : Tone::plain},
            bytes(governor.memory_bytes),
            {fmt::format("{}", governor.restarts)},
            {top_reason(governor), Tone::dim}};
}

}  // namespace flyball
