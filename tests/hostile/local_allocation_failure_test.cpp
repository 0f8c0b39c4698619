// Memory that runs out in a program that decides with libflyball, and under who looks on.

#include <gtest/gtest.h>

#include "node/local_node.h"
#include "node/reply_gate.h"
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

TEST(HeapOfAReplyGate, IsGivenBackOnceALargeReplyHasLeft) {
    ReplyGate gate(0);
    const std::size_t before = heap_bytes();
    {
        const std::string payload(std::size_t{1} << 20U, 'x');
        ASSERT_TRUE(gate.hold({.topic = "reply", .payload = payload}, 1));
    }
    gate.release(1, [](const Message&) { return true; });
    ASSERT_TRUE(gate.empty());
    gate.release_buffers();
    EXPECT_LE(heap_bytes(), before + 64 * 1024);
}

class Onlooker final : public StageWatch {
public:
    void begin(std::int64_t) noexcept override { ++begun; }
    void end(Stage) noexcept override {}
    void entry(const Reply&) noexcept override {}
    void finish() noexcept override { ++finished; }
    int begun = 0;
    int finished = 0;
};

TEST(LocalAllocationFailure, WhoLooksOnHearsOfTheEndOfEachBeginning) {
    AskedEngine asked;
    Onlooker onlooker;
    asked.engine().set_watch(&onlooker);
    const std::string topic = below_root("quota/main/request");
    int lost = 0;
    for (std::uint64_t k = 1; k <= 40; ++k) {
        const std::string payload = packed({{"tenant", "t" + std::to_string(k)}, {"hits", 1}});
        fail_allocation(k);
        try {
            asked.handle({.topic = topic, .payload = payload});
        } catch (const std::bad_alloc&) {  // a lost reply is one of them
            ++lost;
        }
        stop_failing();
        EXPECT_EQ(onlooker.finished, onlooker.begun) << "allocation " << k;
    }
    EXPECT_GT(lost, 0);
    EXPECT_GT(onlooker.begun, 20);
}

}  // namespace
}  // namespace flyball::testing
