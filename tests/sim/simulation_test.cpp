// Whole nodes live through faults by chance, watched by a checker. A seed that fails prints the
// command that replays it; FLYBALL_SIM_SEED runs one seed, FLYBALL_SIM_SEEDS so many.

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>

#include "tests/sim/simulation.h"

namespace flyball::sim {
namespace {

#ifdef __SANITIZE_ADDRESS__
constexpr std::uint64_t seeds_wanted = 100;
#else
constexpr std::uint64_t seeds_wanted = 2000;
#endif

std::uint64_t number_in(const char* variable, std::uint64_t otherwise) {
    const char* const text = std::getenv(variable);
    return text != nullptr ? std::strtoull(text, nullptr, 10) : otherwise;
}

TEST(Simulation, BreaksNoInvariant) {
    const std::uint64_t first = number_in("FLYBALL_SIM_SEED", 1);
    const std::uint64_t count =
        std::getenv("FLYBALL_SIM_SEED") != nullptr
            ? 1
            : number_in("FLYBALL_SIM_SEEDS", seeds_wanted);
    SimCounts counts;
    checker::Checker sum;
    for (std::uint64_t seed = first; seed < first + count; ++seed) {
        Simulation simulation({.seed = seed, .steps = number_in("FLYBALL_SIM_STEPS", 2000)});
        simulation.run();
        counts.add(simulation.counts());
        sum.add_checks(simulation.checker().checks());
        ASSERT_TRUE(simulation.checker().good())
            << simulation.checker().violations().front() << "\nreplay: FLYBALL_SIM_SEED=" << seed
            << " tests/sim_simulation_test";
    }
    std::printf("%llu seeds, %llu steps, %llu requests, %llu replies, %llu records\n"
                "%llu starts, %llu stops, %llu kills, %llu power cuts, %llu disk faults, "
                "%llu clock jumps, %llu recoveries compared\n%s",
                static_cast<unsigned long long>(count),
                static_cast<unsigned long long>(counts.steps),
                static_cast<unsigned long long>(counts.requests),
                static_cast<unsigned long long>(counts.replies),
                static_cast<unsigned long long>(counts.records),
                static_cast<unsigned long long>(counts.starts),
                static_cast<unsigned long long>(counts.stops),
                static_cast<unsigned long long>(counts.kills),
                static_cast<unsigned long long>(counts.cuts),
                static_cast<unsigned long long>(counts.faults),
                static_cast<unsigned long long>(counts.jumps),
                static_cast<unsigned long long>(counts.probes), sum.table().c_str());
}

}  // namespace
}  // namespace flyball::sim
