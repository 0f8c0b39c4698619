#include "fleet/report/claims.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace flyball {

namespace {

constexpr double mb = 1e6;
constexpr double kb = 1e3;
constexpr double machine_bytes = 256e6;
constexpr double claimed_cpu_percent = 3.5;

double percentile(std::vector<double> values, double fraction) {
    if (values.empty()) {
        return 0;
    }
    std::ranges::sort(values);
    const auto at = static_cast<std::size_t>(
        std::ceil(fraction * static_cast<double>(values.size())) - (fraction > 0 ? 1 : 0));
    return values[std::min(at, values.size() - 1)];
}

double ratio(double part, double whole) {
    return whole > 0 ? part / whole : 0;
}

std::optional<double> when(bool measured, double value) {
    return measured ? std::optional(value) : std::nullopt;
}

std::uint64_t violations_in(const FleetFigures& figures) {
    return std::accumulate(
        figures.invariants.begin(), figures.invariants.end(), std::uint64_t{0},
        [](std::uint64_t sum, const auto& line) { return sum + line.violations; });
}

double decisions(const FleetFigures& figures) {
    return static_cast<double>(figures.load.all().answered + figures.load.retries_answered);
}

// Seconds of processor time that the nodes took for a decision, idle costs included.
double cpu_us_of_decision(const FleetFigures& figures) {
    return ratio(figures.cpu.nodes_s * 1e6, decisions(figures));
}

void add_gates(const FleetFigures& f, std::vector<Target>& all) {
    const double devices = static_cast<double>(f.devices);
    const std::string outside = f.chaos.empty() ? "" : ", outside fault windows and the 2 s after";
    // What the gates are judged by: an endless fault would leave nothing of it.
    const std::string base =
        fmt::format(": {} of {} requests", f.load.calm().asked, f.load.all().asked);
    all.push_back({"violated invariants", "", 0, false,
                   when(!f.invariants.empty(), static_cast<double>(violations_in(f))),
                   "the checker, over every request and reply", true});
    all.push_back({"nodes not up at the end", "", 0, false,
                   devices - static_cast<double>(f.devices_up),
                   "health of each node after the load", true});
    all.push_back({"unanswered requests", "", 0, false,
                   static_cast<double>(f.load.calm().unanswered),
                   "no reply within 2 s" + outside + base, true});
    all.push_back({"error replies", "", 0, false,
                   when(f.load.calm().asked > 0, static_cast<double>(f.load.calm().errors)),
                   "replies that decide nothing, unreadable ones too" + outside});
    all.push_back({"availability", "%", 99.99, true,
                   when(f.load.calm().asked > 0, 100 * f.load.calm().availability()),
                   "answered within 2 s / asked" + outside + base, true});
    all.push_back({"latency p99", "ms", 8, false,
                   when(f.load.latency_us.count() > 0,
                        static_cast<double>(f.load.calm_latency_us.percentile(0.99)) / 1000),
                   fmt::format("from the instant each of {} requests was due{}",
                               f.load.calm_latency_us.count(), outside),
                   f.default_rate});
    all.push_back({"memory of the nodes, as of 100", "MB", 95, false,
                   when(f.memory.nodes_pss_bytes > 0 && f.devices_up > 0,
                        ratio(static_cast<double>(f.memory.nodes_pss_bytes),
                              static_cast<double>(f.devices_up)) *
                            100 / mb),
                   fmt::format("sum of PSS of {} nodes ({}), / {} x 100", f.devices_up,
                               homes_text(f.homes), f.devices_up),
                   f.devices >= 100, f.devices >= 100});  // fewer share less of what is shared
    all.push_back({"fleet up", "s", 15, false, when(f.fleet_up_s > 0, f.fleet_up_s),
                   fmt::format("from the first spawn to {} nodes online", f.devices), true});
}

void add_memory(const FleetFigures& f, std::vector<Target>& all) {
    const double governors = static_cast<double>(f.governors_up);
    const double total = static_cast<double>(f.memory.nodes_pss_bytes + f.memory.brokers_pss_bytes +
                                             f.memory.tool_pss_bytes);
    all.push_back({"memory of everything", "MB", 75, false,
                   when(f.memory.nodes_pss_bytes > 0, total / mb),
                   "sum of PSS: nodes, brokers and this tool"});
    all.push_back({"memory of a governor", "KB", 25, false,
                   when(f.governor_bytes > 0 && governors > 0,
                        static_cast<double>(f.governor_bytes) / governors / kb),
                   "bytes of all governors by health / governors, at the end of the load"});
    const bool filled = f.filled && f.filled->governors > 0;
    const double one = filled ? ratio(static_cast<double>(f.filled->ring_governor_bytes),
                                      static_cast<double>(f.filled->governors))
                              : 0;
    const double begun = filled ? ratio(static_cast<double>(f.filled->begun_governor_bytes),
                                        static_cast<double>(f.filled->governors))
                                : 0;
    const double events = filled ? static_cast<double>(f.filled->ring_events) : 0;
    all.push_back({"memory of 40 governors", "MB", 1, false, when(filled, 40 * one / mb),
                   fmt::format("40 x a governor with a tenant and {} events in its ring", events)});
    all.push_back({"a ring of 1,000 events", "KB", 20, false,
                   when(filled && events > 0, (one - begun) / std::max(events, 1.0) * 1000 / kb),
                   "what such a governor grew by from its first event on"});
    all.push_back(
        {"snapshot ratio", "x", 5, true,
         when(f.filled && f.filled->snapshot_bytes > 0,
              f.filled ? ratio(static_cast<double>(f.filled->raw_bytes),
                               static_cast<double>(f.filled->snapshot_bytes))
                       : 0),
         "that node's state with 100 tenants as plain msgpack maps / as its snapshot keeps it"});
}

void add_speed(const FleetFigures& f, std::vector<Target>& all) {
    all.push_back({"start-up of a node", "ms", 350, false,
                   when(!f.startup_ms.empty(), percentile(f.startup_ms, 0.99)),
                   fmt::format("p99 of {} nodes, {} to subscribed; median {:.0f} ms",
                               f.startup_ms.size(), f.homes == NodeHomes::forks ? "fork" : "exec",
                               percentile(f.startup_ms, 0.5))});
    all.push_back(
        {"throughput", "/s", 15'000, true,
         f.throughput ? std::optional(f.throughput->decided_per_second()) : std::nullopt,
         f.throughput
             ? fmt::format("allowed or denied, in batches of {}, as fast as answers come, {:.0f} s",
                           f.throughput->batch, f.throughput->seconds)
             : "the stage did not run"});
    const double of_device =
        ratio(100 * f.cpu.nodes_s, f.load.seconds * static_cast<double>(f.devices));
    const double us = cpu_us_of_decision(f);
    all.push_back(
        {"CPU of a device", "% of a core", claimed_cpu_percent, false,
         when(f.cpu.nodes_s > 0 && f.devices > 0, of_device),
         fmt::format("{:.0f} us a decision, idle costs included: {} % of a core buys {:.0f} "
                     "decisions a second",
                     us, claimed_cpu_percent, us > 0 ? claimed_cpu_percent * 1e4 / us : 0)});
}

void add_chaos(const FleetFigures& f, std::vector<Target>& all) {
    double worst = 0;
    double sum = 0;
    std::size_t count = 0;
    for (const Restart& restart : f.restarts) {
        // As long as chaos made it: nobody was started again.
        if (restart.cause == "pause" || restart.cause == "cut") {
            continue;
        }
        ++count;
        worst = std::max(worst, restart.detect_ms + restart.restart_ms);
        sum += restart.detect_ms + restart.restart_ms;
    }
    if (count == 0) {
        return;
    }
    // Four nines leave a device 8.64 s a day.
    const double mean_s = sum / static_cast<double>(count) / 1000;
    all.push_back({"worst restart", "ms", 1'000, false, worst,
                   fmt::format("detect + restart of {}; the mean of {:.0f} ms fits 99.99 % "
                               "while a device dies at most {:.0f} times a day",
                               count, mean_s * 1000, mean_s > 0 ? 8.64 / mean_s : 0)});
}

void add_cost(const FleetFigures& f, std::vector<Target>& all) {
    const Cost cost = cost_of(f);
    const bool known = cost.per_machine > 0;
    all.push_back({"machines", "", 10, false, when(known, static_cast<double>(cost.machines)),
                   fmt::format("{} devices, {} on a machine of 256 MB: {} by memory, {} by CPU",
                               f.devices, cost.per_machine, cost.by_memory, cost.by_cpu)});
    all.push_back({"cost", "$ a month", 240, false, when(known, cost.dollars_a_month),
                   fmt::format("{} machines at ${:g}", cost.machines, f.machine_cost)});
}

}  // namespace

std::string_view homes_text(NodeHomes homes) {
    switch (homes) {
        case NodeHomes::forks: return "forked from a warmed process";
        case NodeHomes::processes: return "separate processes";
        case NodeHomes::brokers: return "inside their brokers, which are counted in";
    }
    return "";
}

Cost cost_of(const FleetFigures& f) {
    Cost cost;
    if (f.memory.nodes_pss_bytes == 0 || f.devices_up == 0) {
        return cost;
    }
    const double of_node =
        static_cast<double>(f.memory.nodes_pss_bytes) / static_cast<double>(f.devices_up);
    const double regions = static_cast<double>(std::max<std::size_t>(f.load.regions.size(), 1));
    const double broker = static_cast<double>(f.memory.brokers_pss_bytes) / regions;
    const double cpu_of_device =
        ratio(f.cpu.nodes_s + f.cpu.brokers_s, f.load.seconds * static_cast<double>(f.devices));
    cost.by_memory = static_cast<std::uint64_t>(std::max(0.0, machine_bytes - broker) / of_node);
    cost.by_cpu =
        cpu_of_device > 0 ? static_cast<std::uint64_t>(1 / cpu_of_device) : cost.by_memory;
    cost.per_machine = std::min(cost.by_memory, cost.by_cpu);
    if (cost.per_machine > 0) {
        cost.machines = (f.devices + cost.per_machine - 1) / cost.per_machine;
        cost.dollars_a_month = static_cast<double>(cost.machines) * f.machine_cost;
    }
    return cost;
}

std::vector<Target> targets_of(const FleetFigures& figures) {
    std::vector<Target> all;
    add_gates(figures, all);
    add_memory(figures, all);
    add_speed(figures, all);
    add_chaos(figures, all);
    add_cost(figures, all);
    return all;
}

std::vector<std::string> missed_of(const std::vector<Target>& targets, bool strict) {
    std::vector<std::string> names;
    for (const Target& target : targets) {
        if ((strict || target.gate) && target.judged && !target.met()) {
            names.push_back(target.name);
        }
    }
    return names;
}

Exit exit_of(const std::vector<Target>& targets, bool strict) {
    return missed_of(targets, strict).empty() ? Exit::done : Exit::missed;
}

}  // namespace flyball
