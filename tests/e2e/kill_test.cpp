// kill -9 of the real node under load, again and again: with `commit` nothing that was answered is
// lost and nothing is done twice; with `interval` what is left is what came first.
// FLYBALL_KILL_ROUNDS: how many kills (60). FLYBALL_SEED: of the load, printed.

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>

#include "tests/e2e/broker.h"
#include "tests/e2e/kill_load.h"
#include "tests/e2e/node_process.h"
#include "tests/from_environment.h"

namespace flyball::testing {
namespace {

const std::string replies = "flyball/v1/reply/test/kill";
constexpr std::size_t in_flight = 24;

struct Scene {
    explicit Scene(const std::string& state)
        : node({.broker = broker.address(), .config = state + KillLoad::governors, .flags = {}}),
          client(broker.address(), {replies}),
          load(client, node.root(), replies, seed) {
        fmt::print("FLYBALL_SEED={}\n", seed);
        load.open_accounts();
    }

    // Load with requests in flight, the kill, the start, and the time until the first answer.
    void round() {
        load.ask_new(in_flight, load.pick(in_flight + 1));
        const auto killed = std::chrono::steady_clock::now();
        node.kill();
        load.life_ends();
        node.launch();
        load.ask_until_answered();
        const std::chrono::duration<double, std::milli> gap =
            std::chrono::steady_clock::now() - killed;
        gaps_ms.push_back(gap.count());
        load.settle();
    }
    void print(std::uint64_t rounds) {
        std::ranges::sort(gaps_ms);
        const auto at = [this](double share) {
            return gaps_ms[static_cast<std::size_t>(share *
                                                    static_cast<double>(gaps_ms.size() - 1))];
        };
        fmt::print(
            "{} kills, {} answered, {} lost, {} doubled, {} numbers reused; first answer "
            "after a kill: p50 {:.0f} ms, p99 {:.0f} ms\n",
            rounds, load.answered, load.lost, load.doubled, load.seq_reused, at(0.5), at(0.99));
    }

    std::uint64_t seed = number_from("FLYBALL_SEED", 1);
    Broker broker;
    NodeProcess node;
    BusClient client;
    KillLoad load;
    std::vector<double> gaps_ms;
};

#ifdef NDEBUG
constexpr std::uint64_t rounds_wanted = 60;
#else  // under sanitizers, which take several times as long
constexpr std::uint64_t rounds_wanted = 20;
#endif

TEST(Kill, LosesAndDoublesNothingThatWasAnsweredWithCommit) {
    const std::uint64_t rounds = number_from("FLYBALL_KILL_ROUNDS", rounds_wanted);
    Scene scene("[state]\ndurability = \"commit\"\n");
    for (std::uint64_t round = 0; round < rounds && !HasFailure(); ++round) {
        SCOPED_TRACE(fmt::format("round {}", round));
        ASSERT_NO_FATAL_FAILURE(scene.round());
        scene.load.recheck();
    }
    scene.load.check_levels();
    scene.print(rounds);
    EXPECT_EQ(scene.load.lost, 0U);
    EXPECT_EQ(scene.load.doubled, 0U);
    EXPECT_EQ(scene.load.seq_reused, 0U);
    EXPECT_EQ(scene.load.refused, 0U);
}

TEST(Kill, LosesOnlyTheLastMomentsWithInterval) {
    const std::uint64_t rounds = number_from("FLYBALL_KILL_ROUNDS", rounds_wanted) / 6;
    Scene scene("[state]\ndurability = \"interval\"\ninterval = \"20ms\"\n");
    for (std::uint64_t round = 0; round < rounds && !HasFailure(); ++round) {
        SCOPED_TRACE(fmt::format("round {}", round));
        ASSERT_NO_FATAL_FAILURE(scene.round());
        scene.load.recheck_prefix();
    }
    scene.load.check_levels();
    scene.print(rounds);
    EXPECT_EQ(scene.load.doubled, 0U);
    EXPECT_EQ(scene.load.seq_reused, 0U);
    EXPECT_EQ(scene.load.refused, 0U);
}

TEST(Kill, LosesNothingWhenTheNodeIsStoppedInsteadInAnyMode) {
    for (const char* mode : {"none", "interval", "commit"}) {
        SCOPED_TRACE(mode);
        Scene scene(fmt::format("[state]\ndurability = \"{}\"\ninterval = \"1m\"\n", mode));
        for (int round = 0; round < 2; ++round) {
            scene.load.ask_new(in_flight, in_flight);
            scene.load.life_ends();
            EXPECT_EQ(scene.node.stop(), 0) << scene.node.log();
            scene.node.start();
            scene.load.recheck();
        }
        scene.load.check_levels();
        EXPECT_EQ(scene.load.lost + scene.load.doubled + scene.load.seq_reused + scene.load.refused,
                  0U);
    }
}

}  // namespace
}  // namespace flyball::testing
