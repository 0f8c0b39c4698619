#include "fleet/run/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace flyball {
namespace {

constexpr Span redraw{250};  // four times a second reads well and costs an ssh line nothing
constexpr Span plain_line{5'000};
constexpr int bar_columns = 40;

std::string bar(double done) {
    const int filled = static_cast<int>(std::clamp(done, 0.0, 1.0) * bar_columns);
    std::string text;
    for (int i = 0; i < bar_columns; ++i) {
        text += i < filled ? "█" : "░";
    }
    return text;
}

std::string seconds_text(Span span) {
    return fmt::format("{:.0f} s", static_cast<double>(span.count()) / 1000);
}

}  // namespace

std::vector<std::string> progress_lines(const FleetProgress& progress, const Style& style) {
    std::vector<std::string> lines;
    std::string head = fmt::format("{:<9} ", progress.phase);
    if (progress.done) {
        head += fmt::format("{} {:3.0f} %  ", bar(*progress.done), *progress.done * 100);
    }
    head += seconds_text(progress.elapsed);
    if (progress.faults > 0) {
        head += fmt::format("  {} faults", progress.faults);
    }
    lines.push_back(head);
    for (const RegionProgress& region : progress.regions) {
        const std::string up = fmt::format("{}/{} up", region.up, region.devices);
        std::string line =
            fmt::format("  {:<12} {}", region.name,
                        paint(style, region.up == region.devices ? Tone::good : Tone::warning,
                              fmt::format("{:<10}", up)));
        if (progress.loaded) {
            line += fmt::format("{:>7.0f}/s  p50 {:>8}  p99 {:>8}  denied {:<6} unanswered {}",
                                region.per_second, micros_text(static_cast<double>(region.p50_us)),
                                micros_text(static_cast<double>(region.p99_us)), region.denied,
                                region.unanswered);
        }
        lines.push_back(line);
    }
    return lines;
}

std::string progress_line(const FleetProgress& progress) {
    std::string line = progress.phase + " ";
    line += progress.done ? fmt::format("{:.0f} % ", *progress.done * 100) : "";
    line += seconds_text(progress.elapsed);
    for (const RegionProgress& region : progress.regions) {
        line += fmt::format("; {} {}/{} up", region.name, region.up, region.devices);
        if (progress.loaded) {
            line += fmt::format(" {:.0f}/s p99 {}", region.per_second,
                                micros_text(static_cast<double>(region.p99_us)));
        }
    }
    return line;
}

ProgressScreen::ProgressScreen()
    : style_(style_of(STDERR_FILENO)), terminal_(::isatty(STDERR_FILENO) == 1) {}

void ProgressScreen::clear() {
    if (drawn_ > 0) {
        fmt::print(stderr, "\x1b[{}A\x1b[J", drawn_);
        drawn_ = 0;
    }
}

void ProgressScreen::show(const FleetProgress& progress) {
    next_ = deadline_after(terminal_ ? redraw : plain_line);
    if (!terminal_) {
        fmt::print(stderr, "{}\n", progress_line(progress));
        return;
    }
    clear();
    for (const std::string& line : progress_lines(progress, style_)) {
        // A line that wraps would be two when the picture is drawn over.
        const bool fits = style_.width == 0 || columns_of(line) <= style_.width;
        fmt::print(stderr, "{}\n", fits ? line : line.substr(0, style_.width));
        ++drawn_;
    }
}

void ProgressScreen::say(const std::string& sentence) {
    clear();
    fmt::print(stderr, "{}\n", sentence);
}

void ProgressScreen::end() {
    drawn_ = 0;
}

}  // namespace flyball
