// Requests come again, as QoS 1 and callers make them: at once, later, after kills and power cuts.
// Each id has one effect, and every answer to it is the first one's.

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <random>

#include "fleet/checker/checker.h"
#include "tests/from_environment.h"
#include "tests/sim/life.h"

namespace flyball::sim {
namespace {

#ifdef NDEBUG
constexpr std::uint64_t ids_wanted = 100'000;
#else  // under sanitizers, which take ten times as long
constexpr std::uint64_t ids_wanted = 10'000;
#endif
constexpr std::uint64_t remembered = 8192;  // billing's default
constexpr int rounds_of_a_life = 100;
constexpr int new_ids_of_a_round = 10;
const std::string below = "billing/main/admin";

class Retries : public ::testing::Test {
protected:
    Retries() { checker.configured("billing/main", {{"ids", {{"capacity", remembered}}}}); }

    void ask(std::uint64_t id) {
        const Json request{{"op", "topup"},
                           {"tenant", "t" + std::to_string(id % 50)},
                           {"amount", 1 + id % 7},
                           {"id", id}};
        checker.asked(++asked, below, request);
        if (const Json reply = life.ask(below, request); !reply.is_null()) {
            checker.answered(asked, reply);
        }
        newest_id = std::max(newest_id, id);
    }

    // Replies come in the order of requests.
    void take_late() {
        for (; taken < life.late().size(); ++taken) {
            while (answered_up_to < asked && !checker.waits_for(++answered_up_to)) {
            }
            checker.answered(answered_up_to, life.late()[taken]);
        }
    }

    void live() {
        std::vector<Life::Act> acts;
        for (int round = 0; round < rounds_of_a_life; ++round) {
            acts.emplace_back([this] {
                take_late();
                for (int i = 0; i < new_ids_of_a_round; ++i) {
                    ask(newest_id + 1);
                    if (random() % 2 == 0) {
                        ask(newest_id);
                    }
                    const std::uint64_t back = random() % (remembered - 1);
                    ask(newest_id - std::min(newest_id - 1, back));
                }
                life.turn();
            });
        }
        acts.emplace_back([this] { take_late(); });
        life.run(std::move(acts));
    }

    checker::Checker checker;
    Life life{{.durability = Durability::commit,
               .segment_bytes = 256 * 1024,
               .watches_state = false,
               .governors = {{"billing/main", Tree(Tree::Map{})}}}};
    std::mt19937_64 random{20260101};
    std::uint64_t asked = 0;
    std::uint64_t newest_id = 0;
    std::uint64_t answered_up_to = 0;
    std::size_t taken = 0;
};

TEST_F(Retries, HaveOneEffectAcrossKillsAndPowerCuts) {
    const std::uint64_t wanted = testing::number_from("FLYBALL_RETRY_IDS", ids_wanted);
    DiskImage image;
    std::uint64_t lives = 0;
    while (newest_id < wanted && checker.good()) {
        ASSERT_TRUE(life.start(image));
        live();
        checker.ended(asked);
        answered_up_to = asked;
        image = ++lives % 2 == 0 ? life.node().killed() : life.node().cut_off(lives);
        Probe found;
        ASSERT_EQ(life.image_is_wrong(image, life.told_after(SIZE_MAX), found), "");
        life.go_on_from(found);
    }
    EXPECT_TRUE(checker.good()) << checker.violations().front();
    std::printf("%llu ids, %llu requests, %llu lives\n%s",
                static_cast<unsigned long long>(newest_id), static_cast<unsigned long long>(asked),
                static_cast<unsigned long long>(lives), checker.table().c_str());
}

}  // namespace
}  // namespace flyball::sim
