// Memory that runs out in a program that decides with libflyball.

#include <gtest/gtest.h>

#include "node/local_node.h"
#include "tests/hostile/heap.h"
#include "tests/unit/node/asked_engine.h"

namespace flyball::testing {
namespace {

TEST(LocalAllocationFailure, IsAnErrorThatTheReplyTellsAndLeavesNothingBehind) {
    constexpr LocalNode::Time begin{Span{1'767'225'600'000}};
    LocalNode::Options options;
    options.seed = 7;
    LocalNode node(options);
    ASSERT_EQ(node.add_governor("subscription/main", "", begin), std::nullopt);
    const auto start = [&](std::string_view tenant) {
        return node.decide({.governor = "subscription/main",
                            .tenant = tenant,
                            .op = "start",
                            .id = "x",
                            .admin = true},
                           begin);
    };
    fail_allocation(1);
    const LocalNode::Answer refused = start("a");
    ASSERT_TRUE(stop_failing());
    EXPECT_EQ(refused.reason, "overloaded");
    EXPECT_TRUE(refused.retry_after_ms.has_value());
    EXPECT_EQ(Json::parse(node.reply_json()).at("reason"), "overloaded");
    const LocalNode::Answer again = start("a");
    EXPECT_EQ(again.decision, "ok");
    EXPECT_FALSE(again.replayed);
}

}  // namespace
}  // namespace flyball::testing
