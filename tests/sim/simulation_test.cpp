// Whole nodes live through faults by chance, watched by a checker. A seed that fails prints the
// command that replays it; FLYBALL_SIM_SEED runs one seed, FLYBALL_SIM_SEEDS so many from
// FLYBALL_SIM_FIRST on, FLYBALL_SIM_STEPS so many steps of each, FLYBALL_SIM_JUMPS so many jumps.

#include "tests/sim/simulation.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>

#include "tests/from_environment.h"

namespace flyball::sim {
namespace {

#ifdef NDEBUG
constexpr std::uint64_t seeds_wanted = 600;
constexpr std::uint64_t jumps_wanted = 10'000;
#else  // under sanitizers, which take ten times as long
constexpr std::uint64_t seeds_wanted = 12;
constexpr std::uint64_t jumps_wanted = 600;
#endif
constexpr std::uint64_t steps_wanted = 2000;

using Number = unsigned long long;

class Simulations : public ::testing::Test {
protected:
    // False: something is wrong with it.
    bool run(const SimPlan& plan, const char* test) {
        Simulation simulation(plan);
        simulation.run();
        ++seeds_;
        counts.add(simulation.counts());
        sum_.add_checks(simulation.checker().checks());
        const bool good = simulation.checker().good();
        EXPECT_TRUE(good) << simulation.checker().violations().front()
                          << "\nreplay: FLYBALL_SIM_SEED=" << plan.seed
                          << " tests/sim_simulation_test --gtest_filter=" << test;
        return good;
    }
    void show() const {
        std::printf("%llu seeds, %llu steps, %llu requests, %llu replies, %llu records\n",
                    static_cast<Number>(seeds_), static_cast<Number>(counts.steps),
                    static_cast<Number>(counts.requests), static_cast<Number>(counts.replies),
                    static_cast<Number>(counts.records));
        std::printf("%llu starts, %llu stops, %llu kills, %llu power cuts, %llu disk faults\n",
                    static_cast<Number>(counts.starts), static_cast<Number>(counts.stops),
                    static_cast<Number>(counts.kills), static_cast<Number>(counts.cuts),
                    static_cast<Number>(counts.faults));
        std::printf("%llu clock jumps, %llu recoveries compared\n%s",
                    static_cast<Number>(counts.jumps), static_cast<Number>(counts.probes),
                    sum_.table().c_str());
    }
    SimCounts counts;

private:
    checker::Checker sum_;
    std::uint64_t seeds_ = 0;
};

TEST_F(Simulations, BreakNoInvariant) {
    const std::uint64_t steps = testing::number_from("FLYBALL_SIM_STEPS", steps_wanted);
    const bool one = std::getenv("FLYBALL_SIM_SEED") != nullptr;
    const std::uint64_t first =
        testing::number_from("FLYBALL_SIM_SEED", testing::number_from("FLYBALL_SIM_FIRST", 1));
    const std::uint64_t last =
        first + (one ? 1 : testing::number_from("FLYBALL_SIM_SEEDS", seeds_wanted));
    for (std::uint64_t seed = first; seed < last; ++seed) {
        if (!run({.seed = seed, .steps = steps}, "*BreakNoInvariant")) {
            return;
        }
    }
    show();
}

// By a millisecond or by decades, in either direction, also while the node is off.
TEST_F(Simulations, KeepTheirTimeWhateverTheClockDoes) {
    const std::uint64_t wanted = testing::number_from("FLYBALL_SIM_JUMPS", jumps_wanted);
    const bool one = std::getenv("FLYBALL_SIM_SEED") != nullptr;
    std::uint64_t seed = testing::number_from("FLYBALL_SIM_SEED", 1);
    while (run({.seed = seed++, .jumps_of_1000 = 300}, "*WhateverTheClockDoes") && !one &&
           counts.jumps < wanted) {
    }
    show();
}

}  // namespace
}  // namespace flyball::sim
