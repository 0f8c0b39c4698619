#include "node/reply_gate.h"

#include <gtest/gtest.h>

#include <string>

namespace flyball {
namespace {

constexpr std::size_t mebibyte = std::size_t{1} << 20U;

// Replies of a little less than a mebibyte, until there is no room.
std::size_t fill(ReplyGate& gate) {
    const std::string payload(mebibyte - 1024, 'x');
    std::size_t held = 0;
    while (gate.hold({.topic = "reply", .payload = payload}, 1)) {
        ++held;
    }
    return held;
}

TEST(ReplyGate, HasRoomForWhatIsUnderWayUnderTheLargestLimitsSoFar) {
    ReplyGate gate(2 * mebibyte);
    gate.set_under_way(0);
    EXPECT_EQ(fill(gate), 6U);
    gate.set_under_way(4 * mebibyte);
    EXPECT_EQ(fill(gate), 2U);
    gate.set_under_way(mebibyte);
    EXPECT_EQ(fill(gate), 0U);
    std::size_t lost = 0;
    gate.drop([&] { ++lost; });
    EXPECT_EQ(lost, 8U);
    EXPECT_TRUE(gate.empty());
    EXPECT_EQ(fill(gate), 8U);
}

TEST(ReplyGate, LetsThoseLeaveWhoseRecordIsOnDiskInOrder) {
    ReplyGate gate(0);
    for (const std::uint64_t record : {1U, 2U, 2U, 3U}) {
        ASSERT_TRUE(gate.hold({.topic = "reply", .payload = std::to_string(record)}, record));
    }
    std::string left;
    const auto take = [&](const Message& reply) {
        left += reply.payload;
        return left.size() != 2;  // the second is not taken, and comes again
    };
    gate.release(2, take);
    EXPECT_EQ(left, "12");
    gate.release(2, take);
    EXPECT_EQ(left, "1222");
    EXPECT_FALSE(gate.empty());
    gate.release(3, take);
    EXPECT_EQ(left, "12223");
    EXPECT_TRUE(gate.empty());
}

}  // namespace
}  // namespace flyball
