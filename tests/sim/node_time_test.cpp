// What falls due all at once, because a node was off or its tenants came together: in records that
// a reader takes, and without holding up whoever asks.

#include <gtest/gtest.h>

#include "tests/sim/life.h"

namespace flyball::sim {
namespace {

constexpr int tenants = 3000;
constexpr std::int64_t day_us = 86'400'000'000;

class NodeTime : public testing::Test {
protected:
    static std::string tenant(int number) { return "customer-" + std::to_string(number); }
    // So many trials of a week, on disk, and eight days in which the node is off.
    void trials_end() {
        ASSERT_TRUE(life.start({}));
        life.run({[&] {
                      for (int from = 0; from < tenants; from += 1000) {
                          Json batch = Json::array();
                          for (int at = from; at < from + 1000; ++at) {
                              batch.push_back({{"op", "start"}, {"tenant", tenant(at)}});
                          }
                          life.ask("subscription/main/admin", batch);
                      }
                  },
                  [&] { life.pass_ms(3000); }});
        life.node().pass(8 * day_us);
        ASSERT_TRUE(life.start(life.node().killed()));
    }
    std::string state_of(int number) {
        return life.ask("subscription/main/request", {{"op", "get"}, {"tenant", tenant(number)}})
            .value("state", "");
    }
    bool all_done() {
        return *life.node().engine().next_due() > instant_from_ms(life.node().wall_ms);
    }

    Life life{{.durability = Durability::interval,
               .segment_bytes = std::size_t{64} * 1024,
               .watches_state = false,
               .governors = {{"subscription/main", Tree{}}}}};
};

TEST_F(NodeTime, IsRecordedInWhatASegmentHolds) {
    trials_end();
    std::vector<Life::Act> acts(60, [&] { life.pass_ms(50); });
    acts.emplace_back([&] { life.pass_ms(2000); });
    acts.emplace_back([&] {
        EXPECT_TRUE(all_done());
        EXPECT_EQ(life.node().keeper().health().errors, 0U)
            << life.node().keeper().health().last_error;
    });
    life.run(acts);
    const DiskImage left = life.node().killed();
    const Probe found = probe(left, life.probe_options());
    EXPECT_TRUE(found.error.empty() && found.faults.empty());
    EXPECT_GE(found.record, life.node().keeper().durable());
    ASSERT_TRUE(life.start(left));
    EXPECT_TRUE(all_done()) << "what was recorded does not happen again";
    life.run([&] {
        EXPECT_EQ(state_of(0), "active");
        EXPECT_EQ(state_of(tenants - 1), "active");
    });
}

TEST_F(NodeTime, HoldsUpNobodyWhoAsks) {
    trials_end();
    life.run([&] {
        EXPECT_FALSE(all_done());
        EXPECT_EQ(state_of(tenants - 1), "active") << "whoever is asked for is up to date";
        EXPECT_FALSE(all_done());
    });
}

}  // namespace
}  // namespace flyball::sim
