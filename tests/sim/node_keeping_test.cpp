// What leaves a node while its disk is slow, fails, or was found damaged: the promises of `commit`
// one by one.

#include <gtest/gtest.h>

#include "tests/sim/life.h"

namespace flyball::sim {
namespace {

class NodeKeeping : public testing::Test {
protected:
    Json top_up(int id) {
        return life.ask("billing/main/admin",
                        {{"op", "topup"}, {"tenant", "ann"}, {"amount", 5}, {"id", id}});
    }
    Json get() { return life.ask("billing/main/request", {{"op", "get"}, {"tenant", "ann"}}); }
    // An account with 5, on disk.
    void begin() {
        ASSERT_TRUE(life.start({}));
        life.run([] {});
        ASSERT_TRUE(life.start(life.node().killed()));
    }
    static std::string reason(const Json& reply) { return reply.value("reason", ""); }

    Life life{{.durability = Durability::commit}};
};

TEST_F(NodeKeeping, WithCommitAReplyWaitsForTheDisk) {
    ASSERT_TRUE(life.start({}));
    life.run({[&] {
                  EXPECT_TRUE(top_up(1).is_null());
                  EXPECT_TRUE(get().is_null()) << "a look that saw it waits as well";
                  life.turn();
              },
              [&] {
                  ASSERT_EQ(life.late().size(), 2U);
                  EXPECT_EQ(life.late()[0].at("balance"), 5);
                  EXPECT_EQ(life.late()[1].at("balance"), 5);
                  EXPECT_EQ(get().at("balance"), 5) << "nothing waits: at once";
              }});
}

TEST_F(NodeKeeping, WhileTheDiskFailsNothingIsToldThatAPowerCutTakesBack) {
    ASSERT_TRUE(life.start({}));
    life.run(
        {[&] {
             top_up(1);
             life.turn();
         },
         [&] {
             life.node().disk().fail({.call = DiskCall::sync, .from_then_on = true});
             EXPECT_TRUE(top_up(2).is_null());
             life.turn();
             ASSERT_TRUE(life.node().keeper().health_is_failing());
             EXPECT_EQ(reason(get()), "overloaded");
             EXPECT_EQ(get().value("retry_after_ms", 0), 1000);
             EXPECT_EQ(reason(top_up(2)), "overloaded") << "a repeated id";
             EXPECT_EQ(reason(top_up(3)), "overloaded");
             EXPECT_EQ(
                 reason(life.ask("admit/request",
                                 {{"tenant", "ann"}, {"id", 9}, {"billing", {{"amount", 1}}}})),
                 "overloaded");
             EXPECT_EQ(
                 reason(life.ask("control", {{"op", "history"}, {"governor", "billing/main"}})),
                 "overloaded");
             EXPECT_EQ(reason(life.ask("control", {{"op", "set_time"}, {"at", 5}})), "overloaded");
             EXPECT_EQ(reason(life.ask("billing/main/request", {{"tenant", ""}})), "bad_field")
                 << "what a request lacks it lacks, whatever the disk does";
         },
         [&] {
             EXPECT_EQ(life.late().size(), 1U) << "of the first topup";
             life.node().disk().heal();
             life.pass_ms(1500);
         },
         [&] {
             ASSERT_EQ(life.late().size(), 2U) << "the second, once it is on disk";
             EXPECT_EQ(life.late().back().at("balance"), 10);
             EXPECT_EQ(get().at("balance"), 10);
             EXPECT_TRUE(top_up(2).at("replayed"));
         }});
}

TEST_F(NodeKeeping, WhileTheDiskFailsLooksAreAnsweredFromWhatItHas) {
    ASSERT_TRUE(life.start({}));
    life.run({[&] {
                  top_up(1);
                  life.turn();
              },
              [&] {
                  life.node().disk().fail({.call = DiskCall::open, .from_then_on = true});
                  life.ask("control", {{"op", "snapshot"}});
                  life.turn();
                  ASSERT_TRUE(life.node().keeper().health_is_failing());
                  EXPECT_EQ(get().at("balance"), 5);
                  EXPECT_TRUE(top_up(1).at("replayed"));
                  EXPECT_EQ(reason(top_up(2)), "overloaded");
              }});
}

// The journal breaks off in the middle: what comes after the start would go into a chain that
// nobody finds, was there not a snapshot before it.
TEST_F(NodeKeeping, GoesOnFromADamagedMiddleByASnapshot) {
    ASSERT_TRUE(life.start({}));
    std::vector<Life::Act> acts;
    for (int id = 1; id <= 12; ++id) {
        acts.emplace_back([this, id] {
            top_up(id);
            life.turn();
        });
    }
    life.run(acts);
    DiskImage image = life.node().killed();
    std::vector<std::string> segments;
    for (const auto& [name, bytes] : image) {
        if (name.starts_with("journal-")) {
            segments.push_back(name);
        }
    }
    const std::string middle = segments.at(segments.size() - 2);
    flip_bit(image, middle, std::size_t{8} * 4096 + std::size_t{8} * 100);  // of its second page
    const Probe damaged = probe(image, life.probe_options());
    ASSERT_FALSE(damaged.faults.empty());
    EXPECT_NE(damaged.faults.front().find(middle + " at "), std::string::npos)
        << damaged.faults.front();
    life.go_on_from(damaged);
    ASSERT_TRUE(life.start(image));
    life.run({[&] {
                  top_up(100);
                  life.turn();
              },
              [&] { EXPECT_EQ(life.late().back().value("id", 0), 100); }});
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        Probe found;
        EXPECT_EQ(life.image_is_wrong(life.node().cut_off(seed), life.told_after(SIZE_MAX), found),
                  "");
    }
}

TEST_F(NodeKeeping, AnUncleanEndSkipsNumbersEachTime) {
    std::int64_t last = 0;
    DiskImage image;
    for (int number = 0; number < 4; ++number) {
        ASSERT_TRUE(life.start(image));
        life.run([&] {
            life.turn();
            const Json reply = get();  // takes a number and leaves no record
            EXPECT_GT(reply.at("seq").get<std::int64_t>(), last);
            last = reply.at("seq");
        });
        image = life.node().killed();
    }
}

TEST_F(NodeKeeping, ACleanEndSkipsNone) {
    ASSERT_TRUE(life.start({}));
    life.run(std::vector<Life::Act>{[&] {
                                        top_up(1);
                                        life.turn();
                                    },
                                    [&] { get(); }},
             true);
    ASSERT_TRUE(life.start(life.node().killed()));
    life.run([&] {
        life.turn();
        EXPECT_EQ(get().at("seq"), 3);
    });
}

TEST_F(NodeKeeping, LateEventsLeaveOnceTheDiskKnows) {
    ASSERT_TRUE(life.start({}));
    life.run({[&] {
                  life.node().set_link(false);
                  life.ask("billing/main/admin", {{"op", "suspend"}, {"tenant", "ann"}});
                  life.turn();
                  life.node().set_link(true);
              },
              [&] { EXPECT_TRUE(life.events().empty()) << "not yet written that they leave"; },
              [&] { life.turn(); },
              [&] {
                  ASSERT_FALSE(life.events().empty());
                  EXPECT_TRUE(life.events().front().at("late"));
              }});
    const std::size_t sent = life.events().size();
    ASSERT_TRUE(life.start(life.node().cut_off(1)));
    life.run({[&] { life.pass_ms(100); }, [&] { life.pass_ms(100); }, [&] { life.pass_ms(100); }});
    EXPECT_EQ(life.events().size(), sent) << "and none comes twice";
}

}  // namespace
}  // namespace flyball::sim
