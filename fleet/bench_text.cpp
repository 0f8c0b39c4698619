#include "fleet/bench_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "fleet/report/report.h"

namespace flyball {

namespace {

constexpr std::size_t bar_columns_max = 40;
constexpr std::int64_t late_us = 1'000;  // of the generator: a tenth of what matters to people

std::string us_text(std::int64_t us) {
    return micros_text(static_cast<double>(us));
}

// Eighths of a column, so that small counts differ too.
std::string bar(double share, std::size_t columns) {
    static constexpr std::array<std::string_view, 8> parts{"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    const auto eighths = static_cast<std::size_t>(share * static_cast<double>(columns) * 8 + 0.999);
    std::string text;
    for (std::size_t whole = 0; whole < eighths / 8; ++whole) {
        text += "█";
    }
    return text + std::string(parts[eighths % 8]);
}

}  // namespace

std::string bench_table(const std::vector<LoadFigures>& steps, const Style& style) {
    Table table({"RATE", "ANSWERED/S", "DENIED", "ERRORS", "UNANSWERED", "P50", "P90", "P99",
                 "P99.9", "MAX", "LATE P99"});
    for (const LoadFigures& step : steps) {
        const LoadCounts all = step.all();
        const auto at = [&](double fraction) {
            return us_text(step.latency_us.percentile(fraction));
        };
        // Of fewer than 10,000 the thousandth part says nothing.
        const bool deep = step.latency_us.count() >= 10'000;
        table.add({step.per_second > 0 ? fmt::format("{:.0f}", step.per_second) : "max",
                   fmt::format("{:.0f}", step.answered_per_second()), std::to_string(all.denied),
                   std::to_string(all.errors),
                   paint(style, all.unanswered > 0 ? Tone::bad : Tone::plain,
                         std::to_string(all.unanswered)),
                   at(0.5), at(0.9), at(0.99), deep ? at(0.999) : "-",
                   us_text(step.latency_us.max_us()),
                   step.per_second > 0 ? us_text(step.lateness_us.percentile(0.99)) : "-"});
    }
    return table.text(style);
}

std::string histogram_text(const LoadHistogram& histogram, const Style& style) {
    const auto buckets = histogram.doublings();
    std::uint64_t most = 1;
    for (const auto& bucket : buckets) {
        most = std::max(most, bucket.count);
    }
    // Beside the bar stand 44 columns of numbers.
    const std::size_t columns =
        style.width == 0 ? bar_columns_max
                         : std::clamp<std::size_t>(style.width, 52, 44 + bar_columns_max) - 44;
    std::string text;
    std::uint64_t seen = 0;
    for (const auto& bucket : buckets) {
        seen += bucket.count;
        const double share = static_cast<double>(bucket.count) / static_cast<double>(most);
        const double below = 100 * static_cast<double>(seen) /
                             static_cast<double>(std::max<std::uint64_t>(histogram.count(), 1));
        text += fmt::format("  below {:>8} {:>10} {:8.4f} %  {}\n", us_text(bucket.up_to_us),
                            bucket.count, below, paint(style, Tone::good, bar(share, columns)));
    }
    return text;
}

std::vector<std::string> bench_doubts(const std::vector<LoadFigures>& steps) {
    std::vector<std::string> doubts;
    for (const LoadFigures& step : steps) {
        const std::string rate = step.per_second > 0 ? fmt::format("at {:.0f}/s", step.per_second)
                                                     : std::string("at full speed");
        const std::int64_t late = step.lateness_us.percentile(0.99);
        if (late > late_us) {
            doubts.push_back(fmt::format(
                "{} one request in a hundred left more than {} late: part of its latency is this "
                "program's or this machine's",
                rate, us_text(late)));
        }
        if (const auto lost = step.all().unanswered; lost > 0) {
            doubts.push_back(fmt::format(
                "{} {} requests got no reply within 2 s; latencies are of the others", rate, lost));
        }
        for (const auto& [reason, times] : step.error_reasons) {
            doubts.push_back(fmt::format("{} {} requests got the error {}", rate, times, reason));
        }
    }
    return doubts;
}

Json bench_json(const LoadFigures& step) {
    return load_json(step);
}

}  // namespace flyball
