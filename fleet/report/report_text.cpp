// The report as Markdown, and what a terminal shows.

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "fleet/render.h"
#include "fleet/report/report.h"
#include "fleet/report/sections.h"

namespace flyball {

namespace {

constexpr std::size_t evidence_max = 20;

std::string number(double value) {
    if (std::abs(value) >= 1000 || value == std::floor(value)) {
        return fmt::format("{:.0f}", value);
    }
    return std::abs(value) >= 99 ? fmt::format("{:.2f}", value) : fmt::format("{:.3g}", value);
}

std::string with_unit(double value, const std::string& unit) {
    return unit.empty() ? number(value) : number(value) + " " + unit;
}

std::string cell(std::string text) {
    std::string safe;
    for (const char c : printable(text)) {
        safe += c == '|' ? std::string("\\|") : std::string(1, c);
    }
    return safe;
}

std::string row_text(const std::vector<std::string>& cells) {
    std::string text = "|";
    for (const std::string& one : cells) {
        text += " " + cell(one) + " |";
    }
    return text + "\n";
}

std::string section_text(const ReportSection& section) {
    std::string text = "\n## " + section.title + "\n";
    for (const std::string& line : section.before) {
        text += "\n" + line + "\n";
    }
    if (!section.table.rows.empty()) {
        text += "\n" + row_text(section.table.head) + "|";
        for (std::size_t i = 0; i < section.table.head.size(); ++i) {
            text += "---|";
        }
        text += "\n";
        for (const auto& row : section.table.rows) {
            text += row_text(row);
        }
    }
    for (const std::string& line : section.after) {
        text += "\n" + line + "\n";
    }
    text += section.items.empty() ? "" : "\n";
    for (const std::string& item : section.items) {
        text += "- " + item + "\n";
    }
    return text;
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
    std::string text = fmt::format("# Fleet {}\n\n{}, flyball {}. **{}**\n\n## Claims\n\n", f.run,
                                   date_text(f.at), f.version, verdict_text(f, strict));
    text += "| what | claimed | measured | | how |\n|---|---|---|---|---|\n";
    for (const Target& target : targets) {
        text += fmt::format(
            "| {}{} | {} | {} | {} | {} |\n", target.name, target.gate ? " (gate)" : "",
            target_text(target), measured_text(target),
            target.verdict() == "missed" ? "**missed**" : target.verdict(), cell(target.how));
    }
    for (const ReportSection& section : sections_of(f)) {
        text += section_text(section);
    }
    return text;
}

std::string report_summary(const FleetFigures& f, bool strict) {
    const auto targets = targets_of(f);
    std::string text;
    for (const Target& target : targets) {
        text += fmt::format(
            "{:6} {:32} {:>18}  {}\n", target.verdict() == "missed" ? "MISSED" : target.verdict(),
            target.name + (target.gate ? " *" : ""), measured_text(target), target_text(target));
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
    return text +
           (missed.empty() ? "all gates (*) met"
                           : fmt::format("missed: {}", fmt::join(missed, ", "))) +
           uncounted_text(f, strict) + "\n";
}

}  // namespace flyball
