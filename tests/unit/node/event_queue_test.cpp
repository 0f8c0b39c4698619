// Events on their way out: numbered, kept while the broker is away, sent in order and at a pace.

#include "node/event_queue.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace flyball {
namespace {

using Json = nlohmann::json;

constexpr std::int64_t second_us = 1'000'000;
constexpr std::size_t pace = EventQueue::late_per_second;

struct EventQueueTest : testing::Test {
    void raise(bool late, int count = 1) {
        for (int i = 0; i < count; ++i) {
            static_cast<void>(queue.add({.kind = EventKind::credit_low,
                                         .governor = "billing/main",
                                         .tenant = "acme",
                                         .at = instant_from_ms(1'000)},
                                        late));
        }
    }
    // How many left; they are kept in `sent`.
    std::size_t flush(std::int64_t now_us) {
        const std::size_t before = sent.size();
        if (const auto last = queue.next_to_leave()) {
            queue.let_leave(*last);  // the disk knows
        }
        queue.flush(now_us, [&](std::string_view topic, std::string_view payload) {
            if (room == 0) {
                return false;
            }
            --room;
            topics.emplace_back(topic);
            sent.push_back(Json::parse(payload));
            return true;
        });
        return sent.size() - before;
    }
    std::vector<int> numbers() const {
        std::vector<int> all;
        for (const Json& event : sent) {
            all.push_back(event.at("n"));
        }
        return all;
    }

    Root root{"flyball/v1", "eu-west", "pi-7"};
    EventQueue queue{root, 120};
    std::size_t room = 10'000;  // what the transport still takes
    std::vector<Json> sent;
    std::vector<std::string> topics;
};

TEST_F(EventQueueTest, WritesTheEventWithItsNumberOnItsTopic) {
    raise(false);
    EXPECT_EQ(flush(0), 1U);
    EXPECT_EQ(sent[0], Json({{"event", "credit_low"},
                             {"n", 1},
                             {"governor", "billing/main"},
                             {"tenant", "acme"},
                             {"at", 1'000}}));
    EXPECT_EQ(topics[0], "flyball/v1/eu-west/pi-7/billing/main/event");
}

TEST_F(EventQueueTest, TellsOfTheNodeItselfAsOfAGovernor) {
    static_cast<void>(queue.add({.kind = EventKind::clock_changed, .governor = "node"}, false));
    flush(0);
    EXPECT_EQ(topics[0], "flyball/v1/eu-west/pi-7/node/main/event");
}

TEST_F(EventQueueTest, NumbersOneByOneInTheOrderRaised) {
    raise(false, 3);
    raise(true, 2);
    flush(0);
    EXPECT_EQ(numbers(), (std::vector<int>{1, 2, 3, 4, 5}));
    EXPECT_EQ(queue.number(), 5U);
}

TEST_F(EventQueueTest, MarksAsLateWhatWasRaisedWhileTheBrokerWasAway) {
    raise(true);
    raise(false);
    flush(0);
    EXPECT_EQ(sent[0].at("late"), true);
    EXPECT_FALSE(sent[1].contains("late"));
}

TEST_F(EventQueueTest, KeepsWhatTheTransportDoesNotTake) {
    raise(false, 5);
    room = 2;
    EXPECT_EQ(flush(0), 2U);
    EXPECT_EQ(queue.pending(), 3U);
    room = 10;
    EXPECT_EQ(flush(0), 3U);
    EXPECT_EQ(numbers(), (std::vector<int>{1, 2, 3, 4, 5}));
    EXPECT_EQ(queue.pending(), 0U);
    EXPECT_EQ(queue.lost(), 0U);
}

TEST_F(EventQueueTest, SendsFiftyLateOnesASecond) {
    raise(true, 120);
    EXPECT_EQ(flush(0), pace);
    EXPECT_EQ(flush(second_us - 1), 0U);
    EXPECT_EQ(flush(second_us), pace);
    EXPECT_EQ(flush(10 * second_us), 20U);
}

TEST_F(EventQueueTest, KeepsThatPaceInEverySecondWhereverItBegins) {
    raise(true, 120);
    const std::int64_t shortly_before = 7 * second_us - 1'000;
    EXPECT_EQ(flush(shortly_before), pace);
    EXPECT_EQ(flush(7 * second_us), 0U) << "a new second of the clock is none of the pace";
    EXPECT_EQ(flush(shortly_before + second_us), pace);
}

TEST_F(EventQueueTest, CountsTowardsThePaceOnlyWhatLeft) {
    raise(true, 60);
    room = 0;
    for (int tries = 0; tries < 100; ++tries) {
        EXPECT_EQ(flush(0), 0U);
    }
    room = 10'000;
    EXPECT_EQ(flush(0), pace);
}

TEST_F(EventQueueTest, DoesNotHoldBackWhatIsNotLate) {
    raise(false, 110);
    EXPECT_EQ(flush(0), 110U);
}

// In order also means: what is raised after the broker came back waits for what came before.
TEST_F(EventQueueTest, SendsNothingPastALateOneThatWaits) {
    raise(true, 51);
    raise(false);
    EXPECT_EQ(flush(0), pace);
    EXPECT_EQ(flush(second_us), 2U);
    EXPECT_EQ(sent.back().at("n"), 52);
}

TEST_F(EventQueueTest, DropsTheOldestWhenFullAndCountsThem) {
    raise(true, 123);
    EXPECT_EQ(queue.pending(), 120U);
    EXPECT_EQ(queue.lost(), 3U);
    flush(0);
    EXPECT_EQ(sent[0].at("n"), 4) << "the numbers skip what was lost";
}

TEST_F(EventQueueTest, NeverNumbersTwoEventsAlike) {
    std::int64_t now_us = 0;
    for (int round = 0; round < 40; ++round) {
        raise(round % 3 != 0, 17);
        room = static_cast<std::size_t>(round % 5) * 9;
        flush(now_us);
        now_us += 300'000;
    }
    const std::vector<int> all = numbers();
    ASSERT_GT(all.size(), 100U);
    for (std::size_t at = 1; at < all.size(); ++at) {
        EXPECT_GT(all[at], all[at - 1]);
    }
    EXPECT_EQ(all.size() + queue.pending() + queue.lost(), 40U * 17U);
}

TEST_F(EventQueueTest, HasLateOnesUntilTheLastOfThemHasLeft) {
    EXPECT_FALSE(queue.has_late());
    raise(false);
    EXPECT_FALSE(queue.has_late());
    raise(true);
    EXPECT_TRUE(queue.has_late());
    flush(0);
    EXPECT_FALSE(queue.has_late());
}

TEST_F(EventQueueTest, WithNoneToKeepLetsOnePass) {
    EventQueue small(root, 0);
    for (int i = 0; i < 3; ++i) {
        static_cast<void>(small.add({.kind = EventKind::credit_low}, false));
    }
    EXPECT_EQ(small.pending(), 1U);
    EXPECT_EQ(small.lost(), 2U);
}

}  // namespace
}  // namespace flyball
