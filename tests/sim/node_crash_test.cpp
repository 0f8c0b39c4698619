// The power fails at every operation of a whole node's disk, with every outcome for what was not
// synced: journal, snapshots, keeper and recovery together. What is recovered is the state after
// some record (I5), and none is missing that anybody was told of (I4).

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>

#include "tests/from_environment.h"
#include "tests/sim/life.h"

namespace flyball::sim {
namespace {

// FLYBALL_CRASH_STATES asks for more; FLYBALL_CRASH_FIRST is the seed to begin with.
#ifdef NDEBUG
constexpr std::uint64_t states_wanted = 250'000;
#else  // under sanitizers, which take ten times as long
constexpr std::uint64_t states_wanted = 4'000;
#endif
constexpr int lives = 3;
constexpr int acts_of_a_life = 14;

class NodeCrash : public ::testing::Test {
protected:
    void live_and_crash(std::uint64_t seed) {
        const bool commits = seed % 3 != 0;
        Life life({.durability = commits ? Durability::commit : Durability::interval});
        Traffic traffic(seed);
        DiskImage image;
        for (int number = 0; number < lives && !HasFailure(); ++number) {
            ASSERT_TRUE(life.start(image));
            life.run(acts(life, traffic), traffic.pick(3) == 0);
            image = crash_everywhere(life, image, seed + static_cast<std::uint64_t>(number));
        }
    }
    std::uint64_t states = 0;

private:
    static std::vector<Life::Act> acts(Life& life, Traffic& traffic) {
        std::vector<Life::Act> all;
        for (int at = 0; at < acts_of_a_life; ++at) {
            all.push_back([&life, &traffic] {
                for (std::uint64_t more = traffic.pick(4); more > 0; --more) {
                    const Asked asked = traffic.next();
                    life.ask(asked.below, asked.request);
                }
                if (traffic.pick(8) == 0) {
                    life.ask("control", {{"op", "snapshot"}});
                }
                if (traffic.pick(3) != 0) {
                    life.pass_ms(static_cast<std::int64_t>(traffic.pick(1500)));
                }
            });
        }
        return all;
    }

    // Returns one of the images, from which the next life starts.
    DiskImage crash_everywhere(Life& life, const DiskImage& before, std::uint64_t seed) {
        const auto& log = life.node().disk().log();
        // The first files are made once in all stories alike.
        const std::size_t dull = before.empty() && seed > 3 ? log.size() / 2 : 0;
        each_crash_state(before, log, {.seed = seed},
                         [&](const DiskImage& image, std::size_t operations) {
                             if (operations < dull) {
                                 return true;
                             }
                             ++states;
                             Probe found;
                             const std::string wrong =
                                 life.image_is_wrong(image, life.told_after(operations), found);
                             EXPECT_EQ(wrong, "") << "seed " << seed << ", crash after operation "
                                                  << operations << " of " << log.size();
                             return wrong.empty();
                         });
        const std::size_t at = log.size() - log.size() % (seed % 7 + 2);
        DiskImage next = one_crash_state(before, log, {.seed = seed}, at);
        Probe found;
        EXPECT_EQ(life.image_is_wrong(next, life.told_after(at), found), "");
        EXPECT_EQ(found.faults, std::vector<std::string>()) << "a crash alone is no damage";
        life.go_on_from(found);
        return next;
    }
};

TEST_F(NodeCrash, KeepsWhatWasToldAndInventsNothing) {
    const std::uint64_t enough = testing::number_from("FLYBALL_CRASH_STATES", states_wanted);
    const std::uint64_t first = testing::number_from("FLYBALL_CRASH_FIRST", 1);
    std::uint64_t seeds = 0;
    while (states < enough && !HasFailure()) {
        live_and_crash(first + seeds++);
    }
    std::printf("%llu crash states of a whole node checked, %llu seeds\n",
                static_cast<unsigned long long>(states), static_cast<unsigned long long>(seeds));
}

}  // namespace
}  // namespace flyball::sim
