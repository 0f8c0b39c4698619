#pragma once
// Each claimed figure beside the measured one, and which of them decide the exit status. Pure.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fleet/exit.h"
#include "fleet/report/fleet_figures.h"

namespace flyball {

struct Target {
    std::string name;
    std::string unit;
    double target = 0;
    bool at_least = false;           // else at most
    std::optional<double> measured;  // nothing: not measured, and so not met
    std::string how;
    bool gate = false;
    bool judged = true;  // else shown only: the run is too small for a verdict

    bool met() const { return measured && (at_least ? *measured >= target : *measured <= target); }
    // "met", "missed" or, without a verdict, nothing.
    std::string_view verdict() const { return !judged ? "" : met() ? "met" : "missed"; }
};

// Devices that fit a machine of 256 MB and one core, with a broker beside them.
struct Cost {
    std::uint64_t by_memory = 0;
    std::uint64_t by_cpu = 0;  // at the rate of this run
    std::uint64_t per_machine = 0;
    std::uint64_t machines = 0;
    double dollars_a_month = 0;
};
Cost cost_of(const FleetFigures& figures);

// "forked from a warmed process", of nodes.
std::string_view homes_text(NodeHomes homes);

std::vector<Target> targets_of(const FleetFigures& figures);
// Names of what was missed and counts: gates, or with `strict` every target.
std::vector<std::string> missed_of(const std::vector<Target>& targets, bool strict);
Exit exit_of(const std::vector<Target>& targets, bool strict);

}  // namespace flyball
