#include "fleet/stage_text.h"

#include <fmt/format.h>

#include <algorithm>

namespace flyball {
namespace {

constexpr std::size_t bar_columns = 30;
constexpr std::size_t stage_columns = 9;
constexpr std::string_view no_number = "-";

std::string text_at(const Json& map, std::string_view key) {
    const auto found = map.find(key);
    return found == map.end() ? std::string() : value_text(*found);
}

double number_at(const Json& map, std::string_view key) {
    const auto found = map.find(key);
    return found != map.end() && found->is_number() ? found->get<double>() : 0;
}

std::string padded(std::string_view text, std::size_t columns) {
    const std::size_t used = columns_of(text);
    return std::string(text) + std::string(columns > used ? columns - used : 0, ' ');
}

std::string us_text(double us) {
    return fmt::format("{:>{}.1f}", us, stage_columns);
}

std::string bar(double share) {
    const auto eighths = static_cast<std::size_t>(
        std::clamp(share, 0.0, 1.0) * static_cast<double>(bar_columns * 8) + 0.5);
    static constexpr std::array<std::string_view, 8> parts = {"",  "▏", "▎", "▍",
                                                              "▌", "▋", "▊", "▉"};
    std::string text;
    for (std::size_t full = 0; full < eighths / 8; ++full) {
        text += "█";
    }
    return text.append(parts[eighths % 8]);
}

}  // namespace

std::string TraceText::row(std::string_view time, std::string_view governor,
                           std::string_view tenant, std::string_view decision,
                           std::string_view tail) const {
    constexpr std::size_t time_columns = 10;
    constexpr std::size_t governor_columns = 20;
    constexpr std::size_t tenant_columns = 14;
    constexpr std::size_t decision_columns = 8;
    return padded(paint(style_, Tone::dim, time), time_columns) +
           padded(governor, governor_columns) + " " + padded(tenant, tenant_columns) + " " +
           padded(decision, decision_columns) + std::string(tail) + "\n";
}

std::string TraceText::header() const {
    std::string tail;
    for (const std::string_view stage : stage_names) {
        tail += fmt::format("{:>{}}", stage, stage_columns);
    }
    tail += fmt::format("{:>{}}", "all µs", stage_columns + 1);
    return paint(style_, Tone::dim, row("time", "governor", "tenant", "decision", tail));
}

std::string TraceText::line(const Json& traced, Instant at) {
    const auto us = traced.find("us");
    const bool timed = us != traced.end() && us->is_object();
    std::string tail;
    double whole = 0;
    for (std::size_t stage = 0; stage < stage_names.size(); ++stage) {
        if (!timed || !us->contains(stage_names[stage])) {
            tail += fmt::format("{:>{}}", no_number, stage_columns);
            continue;
        }
        const double spent = number_at(*us, stage_names[stage]);
        tail += us_text(spent);
        sums_us_[stage] += spent;
        whole += spent;
    }
    tail += us_text(whole);
    ++lines_;
    const std::string decision = text_at(traced, "decision");
    return row(clock_text(at), text_at(traced, "governor"), text_at(traced, "tenant"),
               paint(style_, tone_of_decision(decision), decision), tail);
}

std::string TraceText::average() const {
    if (lines_ == 0) {
        return {};
    }
    std::string tail;
    double whole = 0;
    for (const double sum : sums_us_) {
        const double mean = sum / static_cast<double>(lines_);
        tail += us_text(mean);
        whole += mean;
    }
    tail += us_text(whole);
    return paint(
        style_, Tone::dim,
        row("mean", fmt::format("of {} request{}", lines_, lines_ == 1 ? "" : "s"), "", "", tail));
}

std::string profile_text(const Json& reply, const Style& style) {
    const auto stages = reply.find("stages");
    if (stages == reply.end() || !stages->is_array()) {
        return "no stages in the reply\n";
    }
    Table table({"STAGE", "CALLS", "TOTAL", "EACH", "SHARE", ""});
    double whole_us = 0;
    for (const Json& stage : *stages) {
        const double total_us = number_at(stage, "total_us");
        const double calls = number_at(stage, "calls");
        const double share = number_at(stage, "share");
        whole_us += total_us;
        table.add({text_at(stage, "stage"), text_at(stage, "calls"), micros_text(total_us),
                   calls == 0 ? std::string(no_number) : fmt::format("{:.2f} µs", total_us / calls),
                   fmt::format("{:.1f} %", share * 100), paint(style, Tone::good, bar(share))});
    }
    const double for_ms = number_at(reply, "for_ms");
    const double busy = for_ms == 0 ? 0 : whole_us / (for_ms * 1000);
    return table.text(style) +
           fmt::format("\n{} in {}: {:.2f} % of one core's time\n", micros_text(whole_us),
                       span_text(static_cast<std::int64_t>(for_ms)), busy * 100);
}

}  // namespace flyball
