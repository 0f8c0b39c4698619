#include "fleet/report/sections.h"

#include <fmt/format.h>

#include <algorithm>

#include "fleet/render.h"
#include "fleet/report/claims.h"

namespace flyball {

namespace {

constexpr std::size_t evidence_max = 20;
constexpr std::size_t restarts_max = 50;  // all are in report.json

std::string ms(std::int64_t us) {
    return fmt::format("{:.2f}", static_cast<double>(us) / 1000);
}

std::string mb(std::uint64_t bytes) {
    return fmt::format("{:.1f}", static_cast<double>(bytes) / 1e6);
}

std::string count(std::uint64_t number) {
    return fmt::format("{}", number);
}

ReportSection fleet_section(const FleetFigures& f) {
    ReportSection section{.title = "Fleet"};
    section.before.push_back(
        fmt::format("{} of {} devices and {} of {} governors up at the end; the fleet was up after "
                    "{:.1f} s; {}{}, seed {}, {}.",
                    f.devices_up, f.devices, f.governors_up, f.governors, f.fleet_up_s,
                    homes_text(f.homes), f.tls ? ", with TLS and a certificate each" : "", f.seed,
                    f.chaos.empty() ? "no chaos" : "chaos " + f.chaos));
    if (!f.machine.empty()) {
        section.before.push_back("The machine: " + printable(f.machine) + ".");
    }
    for (const std::string& node : f.not_up) {
        section.items.push_back("not up: " + printable(node));
    }
    return section;
}

ReportSection invariants_section(const FleetFigures& f) {
    ReportSection section{.title = "Invariants"};
    section.table.head = {"invariant", "checks", "violations"};
    for (const auto& line : f.invariants) {
        section.table.rows.push_back({line.name, count(line.checks), count(line.violations)});
    }
    for (std::size_t at = 0; at < std::min(f.violations.size(), evidence_max); ++at) {
        section.items.push_back(printable(f.violations[at]));
    }
    if (f.violations.size() > evidence_max) {
        section.items.push_back(
            fmt::format("{} more are in report.json", f.violations.size() - evidence_max));
    }
    return section;
}

std::vector<std::string> load_row(const std::string& who, const std::string& devices,
                                  const LoadCounts& all, const LoadCounts& calm,
                                  const LoadHistogram& latency) {
    return {who,
            devices,
            count(all.asked),
            count(all.answered),
            count(all.denied),
            count(all.errors),
            count(all.unanswered),
            count(calm.asked),
            count(calm.unanswered),
            fmt::format("{:.4f} %", 100 * calm.availability()),
            ms(latency.percentile(0.5)),
            ms(latency.percentile(0.99)),
            ms(latency.percentile(0.999)),
            ms(latency.max_us())};
}

void add_losses(const LoadFigures& load, ReportSection& section) {
    if (load.not_sent > 0 || load.replies_lost > 0) {
        section.items.push_back(
            fmt::format("lost by this tool itself: {} requests that could not be sent, {} replies "
                        "that found no room",
                        load.not_sent, load.replies_lost));
    }
    if (load.given_up_forgotten > 0) {
        section.items.push_back(fmt::format(
            "too many without an answer: of {} a late reply is not told from a second one, and no "
            "second reply counts as a violation",
            load.given_up_forgotten));
    }
    for (const auto& [why, times] : load.in_doubt) {
        section.items.push_back(
            fmt::format("ids of which nobody knows what became of them, {}: {}", why, times));
    }
    for (const auto& [reason, times] : load.error_reasons) {
        section.items.push_back(fmt::format("error {}: {}", printable(reason), times));
    }
    for (const RegionLoad& region : load.regions) {
        if (region.seconds_left_out > 0) {
            section.items.push_back(fmt::format("{}: the plots leave out the last {} seconds",
                                                region.region, region.seconds_left_out));
        }
    }
}

ReportSection load_section(std::string title, const LoadFigures& load) {
    ReportSection section{.title = std::move(title)};
    section.table.head = {"region",
                          "devices",
                          "asked",
                          "answered",
                          "denied",
                          "errors",
                          "unanswered",
                          "asked in calm",
                          "unanswered in calm",
                          "availability in calm",
                          "p50 ms",
                          "p99 ms",
                          "p99.9 ms",
                          "max ms"};
    for (const RegionLoad& region : load.regions) {
        section.table.rows.push_back(load_row(region.region, count(region.devices), region.all,
                                              region.calm, region.latency_us));
    }
    section.table.rows.push_back(load_row("all", "", load.all(), load.calm(), load.latency_us));
    section.after.push_back(
        fmt::format("{} for {:.0f} s, {:.0f} a second answered, {:.0f} allowed or denied.",
                    load.per_second > 0
                        ? fmt::format("{:.0f} requests a second by the schedule", load.per_second)
                        : fmt::format("As fast as answers came, in batches of {},", load.batch),
                    load.seconds, load.answered_per_second(), load.decided_per_second()));
    section.after.push_back(fmt::format(
        "The generator sent 99 % at most {} ms late, the worst {} ms. {} asked again under their "
        "id, {} of them answered; {} replies came after their 2 s.",
        ms(load.lateness_us.percentile(0.99)), ms(load.lateness_us.max_us()), load.retries,
        load.retries_answered, load.late_replies));
    add_losses(load, section);
    return section;
}

ReportSection memory_section(const FleetFigures& f) {
    ReportSection section{.title = "Memory and CPU"};
    section.table.head = {"", "PSS, MB", "CPU, s"};
    const auto row = [&](std::string who, std::uint64_t bytes, double seconds) {
        section.table.rows.push_back({std::move(who), mb(bytes), fmt::format("{:.1f}", seconds)});
    };
    const bool inside = f.homes == NodeHomes::brokers;
    row(fmt::format("{} nodes{}", f.devices_up, inside ? " and their brokers" : ""),
        f.memory.nodes_pss_bytes, f.cpu.nodes_s);
    row(inside ? "the hub" : "brokers", f.memory.brokers_pss_bytes, f.cpu.brokers_s);
    row("this tool", f.memory.tool_pss_bytes, f.cpu.tool_s);
    if (f.devices_up > 0) {
        const double nodes = static_cast<double>(f.memory.nodes_pss_bytes) / 1e6;
        section.after.push_back(fmt::format(
            "{:.3f} MB a node, {:.1f} KB a governor of PSS.",
            nodes / static_cast<double>(f.devices_up),
            nodes * 1000 / static_cast<double>(std::max<std::size_t>(f.governors_up, 1))));
    }
    if (f.other_kind_pss_bytes) {
        section.after.push_back(
            fmt::format("{} of the same size that nobody has asked take {:.3f} MB each.",
                        f.homes == NodeHomes::processes ? "Nodes forked from a warmed process"
                                                        : "Separate processes",
                        static_cast<double>(*f.other_kind_pss_bytes) / 1e6));
    }
    section.after.push_back(fmt::format("The brokers dropped {} messages.", f.broker_dropped));
    return section;
}

ReportSection filled_section(const FilledNode& filled) {
    ReportSection section{.title = "A node with full rings"};
    section.table.head = {"of one node", ""};
    section.table.rows = {
        {"governors", count(filled.governors)},
        {"events in each ring", count(filled.ring_events)},
        {"KB of its governors after one event each",
         fmt::format("{:.1f}", static_cast<double>(filled.begun_governor_bytes) / 1e3)},
        {"KB of its governors with full rings",
         fmt::format("{:.1f}", static_cast<double>(filled.ring_governor_bytes) / 1e3)},
        {"KB with 100 tenants and full memories of ids, too",
         fmt::format("{:.1f}", static_cast<double>(filled.governor_bytes) / 1e3)},
        {"KB of its state as msgpack maps",
         fmt::format("{:.1f}", static_cast<double>(filled.raw_bytes) / 1e3)},
        {"KB of its snapshot",
         fmt::format("{:.1f}", static_cast<double>(filled.snapshot_bytes) / 1e3)}};
    return section;
}

ReportSection faults_section(const FleetFigures& f) {
    ReportSection section{.title = "Faults"};
    if (f.restarts.empty() && f.faults == 0) {
        section.before.emplace_back("None was made, and nobody ended by himself.");
        return section;
    }
    section.before.push_back(fmt::format("{} faults were made.", f.faults));
    section.table.head = {"at s", "who", "cause", "noticed ms", "back ms"};
    for (std::size_t at = 0; at < std::min(f.restarts.size(), restarts_max); ++at) {
        const Restart& restart = f.restarts[at];
        section.table.rows.push_back(
            {fmt::format("{:.1f}", restart.at_s), printable(restart.node), printable(restart.cause),
             fmt::format("{:.0f}", restart.detect_ms), fmt::format("{:.0f}", restart.restart_ms)});
    }
    if (f.restarts.size() > restarts_max) {
        section.after.push_back(
            fmt::format("{} more are in report.json.", f.restarts.size() - restarts_max));
    }
    return section;
}

ReportSection cost_section(const FleetFigures& f) {
    const Cost cost = cost_of(f);
    ReportSection section{.title = "Cost"};
    section.table.head = {"machine of 256 MB, one core", ""};
    section.table.rows = {{"devices that its memory holds, beside a broker", count(cost.by_memory)},
                          {"devices that its CPU serves at this rate", count(cost.by_cpu)},
                          {fmt::format("machines for {} devices", f.devices), count(cost.machines)},
                          {fmt::format("dollars a month at ${:g}", f.machine_cost),
                           fmt::format("{:.0f}", cost.dollars_a_month)}};
    return section;
}

}  // namespace

std::vector<ReportSection> sections_of(const FleetFigures& f) {
    std::vector<ReportSection> all{fleet_section(f), invariants_section(f),
                                   load_section("Load", f.load)};
    if (f.throughput) {
        all.push_back(load_section("Throughput", *f.throughput));
    }
    all.push_back(memory_section(f));
    if (f.filled) {
        all.push_back(filled_section(*f.filled));
    }
    all.push_back(faults_section(f));
    all.push_back(cost_section(f));
    return all;
}

std::string uncounted_text(const FleetFigures& f, bool strict) {
    const std::uint64_t errors = f.load.calm().errors;
    if (strict || errors == 0) {
        return {};
    }
    return fmt::format("; {} error {} in calm, which no gate counts", errors,
                       errors == 1 ? "reply" : "replies");
}

std::string verdict_text(const FleetFigures& f, bool strict) {
    const auto missed = missed_of(targets_of(f), strict);
    const std::string gates =
        missed.empty() ? "All gates are met" : fmt::format("Missed: {}", fmt::join(missed, ", "));
    return gates + uncounted_text(f, strict) + ".";
}

}  // namespace flyball
