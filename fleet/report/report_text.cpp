// The report as Markdown, and what a terminal shows.

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "fleet/render.h"
#include "fleet/report/report.h"

namespace flyball {

namespace {

constexpr std::size_t evidence_max = 20;
constexpr std::size_t restarts_max = 50;

std::string number(double value) {
    if (std::abs(value) >= 1000 || value == std::floor(value)) {
        return fmt::format("{:.0f}", value);
    }
    return std::abs(value) >= 99 ? fmt::format("{:.2f}", value) : fmt::format("{:.3g}", value);
}

std::string with_unit(double value, const std::string& unit) {
    return unit.empty() ? number(value) : number(value) + " " + unit;
}

std::string ms(std::int64_t us) {
    return fmt::format("{:.2f}", static_cast<double>(us) / 1000);
}

std::string cell(std::string text) {
    std::string safe;
    for (const char c : printable(text)) {
        safe += c == '|' ? std::string("\\|") : std::string(1, c);
    }
    return safe;
}

std::string verdict(const std::vector<std::string>& missed) {
    if (missed.empty()) {
        return "All gates are met.";
    }
    return fmt::format("**Missed: {}.**", fmt::join(missed, ", "));
}

std::string fleet_part(const FleetFigures& f) {
    std::string text =
        fmt::format("{} of {} devices and {} of {} governors up at the end; {}, seed {}, {}.\n",
                    f.devices_up, f.devices, f.governors_up, f.governors,
                    f.isolated ? "separate processes" : "forked from a warmed process", f.seed,
                    f.chaos.empty() ? "no chaos" : "chaos " + f.chaos);
    for (const std::string& node : f.not_up) {
        text += "- not up: " + printable(node) + "\n";
    }
    return text + (f.machine.empty() ? "" : "\nThe machine: " + printable(f.machine) + "\n");
}

std::string regions_part(const LoadFigures& load) {
    std::string text =
        "| region | devices | asked | answered | denied | errors | unanswered | asked in calm | "
        "unanswered in calm | availability in calm | p50 ms | p99 ms | p99.9 ms | max ms |\n"
        "|---|---|---|---|---|---|---|---|---|---|---|---|---|---|\n";
    for (const RegionLoad& region : load.regions) {
        text += fmt::format(
            "| {} | {} | {} | {} | {} | {} | {} | {} | {} | {:.4f} % | {} | {} | {} | {} |\n",
            region.region, region.devices, region.all.asked, region.all.answered, region.all.denied,
            region.all.errors, region.all.unanswered, region.calm.asked, region.calm.unanswered,
            100 * region.calm.availability(), ms(region.latency_us.percentile(0.5)),
            ms(region.latency_us.percentile(0.99)), ms(region.latency_us.percentile(0.999)),
            ms(region.latency_us.max_us()));
    }
    const LoadCounts all = load.all();
    text +=
        fmt::format("| all | | {} | {} | {} | {} | {} | {} | {} | {:.4f} % | {} | {} | {} | {} |\n",
                    all.asked, all.answered, all.denied, all.errors, all.unanswered,
                    load.calm().asked, load.calm().unanswered, 100 * load.calm().availability(),
                    ms(load.latency_us.percentile(0.5)), ms(load.latency_us.percentile(0.99)),
                    ms(load.latency_us.percentile(0.999)), ms(load.latency_us.max_us()));
    text += fmt::format(
        "\n{:.0f} requests a second by the schedule for {:.0f} s, {:.0f} a second answered. The "
        "generator sent 99 % at most {} ms late, the worst {} ms. {} asked again under their id, "
        "{} "
        "of them answered; {} replies came after their 2 s.\n",
        load.per_second, load.seconds, load.answered_per_second(),
        ms(load.lateness_us.percentile(0.99)), ms(load.lateness_us.max_us()), load.retries,
        load.retries_answered, load.late_replies);
    for (const auto& [reason, times] : load.error_reasons) {
        text += fmt::format("- error `{}`: {}\n", printable(reason), times);
    }
    return text;
}

std::string memory_part(const FleetFigures& f) {
    const auto mb = [](std::uint64_t bytes) { return static_cast<double>(bytes) / 1e6; };
    std::string text = "| | PSS, MB | CPU, s |\n|---|---|---|\n";
    text += fmt::format("| {} nodes | {:.1f} | {:.1f} |\n", f.devices_up,
                        mb(f.memory.nodes_pss_bytes), f.cpu.nodes_s);
    text += fmt::format("| brokers | {:.1f} | {:.1f} |\n", mb(f.memory.brokers_pss_bytes),
                        f.cpu.brokers_s);
    text +=
        fmt::format("| this tool | {:.1f} | {:.1f} |\n", mb(f.memory.tool_pss_bytes), f.cpu.tool_s);
    if (f.devices_up > 0) {
        text += fmt::format("\n{:.3f} MB a node, {:.1f} KB a governor of PSS.",
                            mb(f.memory.nodes_pss_bytes) / static_cast<double>(f.devices_up),
                            mb(f.memory.nodes_pss_bytes) * 1000 /
                                static_cast<double>(std::max<std::size_t>(f.governors_up, 1)));
    }
    if (f.other_kind_pss_bytes) {
        text += fmt::format(" {} take {:.3f} MB a node.",
                            f.isolated ? "Forked ones" : "Separate processes",
                            mb(*f.other_kind_pss_bytes));
    }
    return text + fmt::format("\nThe brokers dropped {} messages.\n", f.broker_dropped);
}

std::string restarts_part(const FleetFigures& f) {
    if (f.restarts.empty() && f.faults == 0) {
        return "None, and no fault was made.\n";
    }
    std::string text = fmt::format("{} faults were made.\n\n", f.faults);
    text += "| at s | who | cause | noticed ms | online again ms |\n|---|---|---|---|---|\n";
    for (std::size_t at = 0; at < std::min(f.restarts.size(), restarts_max); ++at) {
        const Restart& restart = f.restarts[at];
        text += fmt::format("| {:.1f} | {} | {} | {:.0f} | {:.0f} |\n", restart.at_s,
                            cell(restart.node), cell(restart.cause), restart.detect_ms,
                            restart.restart_ms);
    }
    if (f.restarts.size() > restarts_max) {
        text += fmt::format("\n{} more are in report.json.\n", f.restarts.size() - restarts_max);
    }
    return text;
}

std::string invariants_part(const FleetFigures& f) {
    std::string text = "| invariant | checks | violations |\n|---|---|---|\n";
    for (const auto& line : f.invariants) {
        text += fmt::format("| {} | {} | {} |\n", line.name, line.checks, line.violations);
    }
    for (std::size_t at = 0; at < std::min(f.violations.size(), evidence_max); ++at) {
        text += "\n- " + printable(f.violations[at]);
    }
    return text + (f.violations.empty() ? "" : "\n");
}

std::string cost_part(const FleetFigures& f) {
    const Cost cost = cost_of(f);
    return fmt::format(
        "| machine of 256 MB, one core | devices |\n|---|---|\n| that its memory holds, beside a "
        "broker | {} |\n| that its CPU serves at this rate | {} |\n| machines for {} devices | {} "
        "|\n| dollars a month at ${:g} | {:.0f} |\n",
        cost.by_memory, cost.by_cpu, f.devices, cost.machines, f.machine_cost,
        cost.dollars_a_month);
}

}  // namespace

std::string measured_text(const Target& target) {
    return target.measured ? with_unit(*target.measured, target.unit) : "not measured";
}

std::string target_text(const Target& target) {
    return (target.at_least ? "at least " : "at most ") + with_unit(target.target, target.unit);
}

std::string report_markdown(const FleetFigures& f, bool strict) {
    const auto targets = targets_of(f);
    std::string text =
        fmt::format("# Fleet {}\n\n{}, flyball {}. {}\n\n{}\n## Claims\n\n", f.run, date_text(f.at),
                    f.version, verdict(missed_of(targets, strict)), fleet_part(f));
    text += "| what | claimed | measured | | how |\n|---|---|---|---|---|\n";
    for (const Target& target : targets) {
        text +=
            fmt::format("| {}{} | {} | {} | {} | {} |\n", target.name, target.gate ? " (gate)" : "",
                        target_text(target), measured_text(target),
                        target.met() ? "met" : "**missed**", cell(target.how));
    }
    text += "\n## Invariants\n\n" + invariants_part(f);
    text += "\n## Load\n\n" + regions_part(f.load);
    if (f.throughput) {
        text += "\n## Throughput\n\n" + regions_part(*f.throughput);
    }
    text += "\n## Memory and CPU\n\n" + memory_part(f);
    text += "\n## Restarts\n\n" + restarts_part(f);
    return text + "\n## Cost\n\n" + cost_part(f);
}

std::string report_summary(const FleetFigures& f, bool strict) {
    const auto targets = targets_of(f);
    std::string text;
    for (const Target& target : targets) {
        text += fmt::format("{:6} {:32} {:>18}  {}\n", target.met() ? "met" : "MISSED",
                            target.name + (target.gate ? " *" : ""), measured_text(target),
                            target_text(target));
    }
    for (const auto& line : f.invariants) {
        if (line.violations > 0) {
            text += fmt::format("{}: {} violations in {} checks\n", line.name, line.violations,
                                line.checks);
        }
    }
    for (std::size_t at = 0; at < std::min(f.violations.size(), evidence_max); ++at) {
        text += "  " + printable(f.violations[at]) + "\n";
    }
    const auto missed = missed_of(targets, strict);
    return text + (missed.empty() ? "all gates (*) met\n"
                                  : fmt::format("missed: {}\n", fmt::join(missed, ", ")));
}

}  // namespace flyball
