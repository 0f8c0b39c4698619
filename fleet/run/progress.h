#pragma once
// What is to be seen while a fleet runs, on stderr: on a terminal a bar and a line for each region,
// drawn anew in place; else a plain line every few seconds. Main thread.

#include <optional>
#include <string>
#include <vector>

#include "fleet/clock.h"
#include "fleet/render.h"

namespace flyball {

struct RegionProgress {
    std::string name;
    int devices = 0;
    int up = 0;
    double per_second = 0;
    std::int64_t p50_us = 0;
    std::int64_t p99_us = 0;
    std::uint64_t denied = 0;
    std::uint64_t unanswered = 0;
};

struct FleetProgress {
    std::string phase;           // "starting", "load"
    std::optional<double> done;  // 0 to 1; nothing of a phase that is over when it is over
    Span elapsed{};
    std::uint64_t faults = 0;
    bool loaded = false;  // rates and latencies mean something
    std::vector<RegionProgress> regions;
};

// Pure. The lines of a terminal's picture, and the one line for everybody else.
std::vector<std::string> progress_lines(const FleetProgress& progress, const Style& style);
std::string progress_line(const FleetProgress& progress);

class ProgressScreen {
public:
    ProgressScreen();
    bool due() const { return left_until(next_) == Span::zero(); }
    void show(const FleetProgress& progress);
    // A sentence that stays: above the picture on a terminal.
    void say(const std::string& sentence);
    void end();  // what is drawn stays, and is not drawn over

private:
    void clear();
    Style style_;
    bool terminal_;
    std::size_t drawn_ = 0;
    Deadline next_{};
};

}  // namespace flyball
