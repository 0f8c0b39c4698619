#include "transport/inbox.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <sys/resource.h>

#include <fstream>
#include <limits>
#include <string>
#include <thread>

namespace flyball {
namespace {

Message full_message(std::string_view payload) {
    Message message;
    message.topic = "a/request";
    message.payload = payload;
    message.qos = Qos::at_least_once;
    message.retain = true;
    message.response_topic = "a/reply";
    message.has_response_topic = true;
    message.correlation_data = std::string_view("\0\x01", 2);
    message.content_type = "application/json";
    message.traceparent = "00-1";
    message.tracestate = "v=1";
    message.expiry_s = 7;
    message.utf8_payload = true;
    return message;
}

TEST(Inbox, GivesBackEveryFieldOfAMessage) {
    Inbox inbox({});
    ASSERT_TRUE(inbox.put(full_message("payload"), 42));
    Inbox::Waiting got;
    ASSERT_TRUE(inbox.take_one(got));
    EXPECT_EQ(got.arrived_us, 42);
    const Message& message = got.message;
    EXPECT_EQ(message.topic, "a/request");
    EXPECT_EQ(message.payload, "payload");
    EXPECT_EQ(message.qos, Qos::at_least_once);
    EXPECT_TRUE(message.retain);
    EXPECT_EQ(message.response_topic, "a/reply");
    EXPECT_TRUE(message.has_response_topic);
    EXPECT_EQ(message.correlation_data, std::string_view("\0\x01", 2));
    EXPECT_EQ(message.content_type, "application/json");
    EXPECT_EQ(message.traceparent, "00-1");
    EXPECT_EQ(message.tracestate, "v=1");
    EXPECT_EQ(message.expiry_s, 7U);
    EXPECT_TRUE(message.utf8_payload);
}

TEST(Inbox, LeavesNothingOfAMessageInTheNext) {
    Inbox inbox({});
    ASSERT_TRUE(inbox.put(full_message("payload"), 1));
    ASSERT_TRUE(inbox.put(Message{}, 2));
    Inbox::Waiting got;
    ASSERT_TRUE(inbox.take_one(got));
    ASSERT_TRUE(inbox.take_one(got));
    EXPECT_EQ(got.message.topic, "");
    EXPECT_EQ(got.message.correlation_data, "");
    EXPECT_FALSE(got.message.has_response_topic);
    EXPECT_FALSE(got.message.expiry_s.has_value());
    EXPECT_FALSE(got.message.utf8_payload);
}

TEST(Inbox, IsFullAtItsCount) {
    Inbox inbox({.messages_max = 2, .bytes_max = 10'000});
    Inbox::Waiting got;
    EXPECT_TRUE(inbox.put(full_message("a"), 0));
    EXPECT_TRUE(inbox.put(full_message("b"), 0));
    EXPECT_FALSE(inbox.put(full_message("c"), 0));
    EXPECT_EQ(inbox.waiting(), 2U);
    ASSERT_TRUE(inbox.take_one(got));
    EXPECT_EQ(got.message.payload, "a");
    EXPECT_TRUE(inbox.put(full_message("d"), 0));
}

TEST(Inbox, IsFullAtItsBytesAlsoWhileItIsBeingEmptied) {
    Inbox inbox({.messages_max = 100, .bytes_max = 1000});
    const std::string payload(300, 'x');
    Inbox::Waiting got;
    ASSERT_TRUE(inbox.put(full_message(payload), 0));
    ASSERT_TRUE(inbox.put(full_message(payload), 0));
    EXPECT_FALSE(inbox.put(full_message(payload), 0));
    ASSERT_TRUE(inbox.take_one(got));
    EXPECT_TRUE(inbox.put(full_message(payload), 0));
    EXPECT_FALSE(inbox.put(full_message(payload), 0));
}

TEST(Inbox, HasNoMoreMemoryThanWhatWaitsAndTwoBlocksAndGivesItBackAfterABurst) {
    constexpr std::size_t two_blocks = 256 * 1024;
    Inbox inbox({});
    const std::string payload(200'000, 'x');
    for (int i = 1; i <= 20; ++i) {
        ASSERT_TRUE(inbox.put(full_message(payload), 0));
        const std::size_t waiting = inbox.waiting() * (payload.size() + 300);
        ASSERT_LT(inbox.memory_bytes(), waiting + two_blocks);
    }
    Inbox::Waiting got;
    while (inbox.take_one(got)) {
    }
    for (int i = 0; i < 4; ++i) {
        ASSERT_TRUE(inbox.put(full_message("small"), 0));
        ASSERT_TRUE(inbox.take_one(got));
    }
    EXPECT_LT(inbox.memory_bytes(), 600'000U);
}

TEST(Inbox, IsFullWhenTooLittleMemoryIsLeftForOthers) {
    constexpr std::size_t nearly_all = std::numeric_limits<std::size_t>::max() / 16 * 15;
    Inbox inbox({.leaves_bytes = nearly_all});
    EXPECT_FALSE(inbox.put(full_message("a"), 0));
    EXPECT_TRUE(inbox.empty());
    inbox.set_limits({.leaves_bytes = 1024});
    EXPECT_TRUE(inbox.put(full_message("b"), 0));
    EXPECT_EQ(inbox.waiting(), 1U);
}

// No more than so much, for as long as this lives.
class LittleData {
public:
    explicit LittleData(std::size_t bytes_more) {
        ::getrlimit(RLIMIT_DATA, &before_);
        std::size_t kb = 0;
        std::ifstream status("/proc/self/status");
        for (std::string word; status >> word && word != "VmData:";) {
        }
        status >> kb;
        const rlimit less{kb * 1024 + bytes_more, before_.rlim_max};
        ::setrlimit(RLIMIT_DATA, &less);
    }
    ~LittleData() { ::setrlimit(RLIMIT_DATA, &before_); }
    LittleData(const LittleData&) = delete;
    LittleData& operator=(const LittleData&) = delete;

private:
    rlimit before_{};
};

TEST(Inbox, GivesBackWhatItTookForAMessageThatDoesNotFitAfterAll) {
    constexpr std::size_t two_blocks = 256 * 1024;
    constexpr std::size_t for_others = std::size_t{4} << 20U;
    const std::string payload(std::size_t{8} << 20U, 'x');
    Inbox inbox({.bytes_max = 2 * payload.size(), .leaves_bytes = for_others});
    {
        const LittleData little(2 * for_others);
        EXPECT_FALSE(inbox.put(full_message(payload), 0));
        EXPECT_LE(inbox.memory_bytes(), two_blocks);
    }
    EXPECT_TRUE(inbox.put(full_message(payload), 0));
}

TEST(Inbox, DropsTheOldest) {
    Inbox inbox({});
    Inbox::Waiting got;
    inbox.drop_one();
    const std::string large(200'000, 'x');
    ASSERT_TRUE(inbox.put(full_message(large), 1));
    ASSERT_TRUE(inbox.put(full_message("second"), 2));
    inbox.drop_one();
    EXPECT_EQ(inbox.waiting(), 1U);
    ASSERT_TRUE(inbox.take_one(got));
    EXPECT_EQ(got.message.payload, "second");
    EXPECT_FALSE(inbox.take_one(got));
}

TEST(Inbox, ReleasesItsBuffersAndKeepsWhatWaits) {
    constexpr std::size_t a_block = 128 * 1024;
    Inbox inbox({});
    Inbox::Waiting got;
    const std::string large(100'000, 'x');
    ASSERT_TRUE(inbox.put(full_message(large), 1));
    ASSERT_TRUE(inbox.put(full_message("second"), 2));
    ASSERT_TRUE(inbox.take_one(got));
    ASSERT_TRUE(inbox.put(full_message("third"), 3));
    inbox.release_buffers();
    ASSERT_TRUE(inbox.take_one(got));
    EXPECT_EQ(got.message.payload, "second");
    inbox.release_buffers();
    EXPECT_LE(inbox.memory_bytes(), a_block);
    ASSERT_TRUE(inbox.take_one(got));
    EXPECT_EQ(got.message.payload, "third");
    EXPECT_FALSE(inbox.take_one(got));
    inbox.release_buffers();
    EXPECT_EQ(inbox.memory_bytes(), 0U);
}

// Of any length, so that everything stands across two blocks, or three, at some time.
RC_GTEST_PROP(Inbox, HandsOutWhatWasPutInItsOrder, (std::vector<std::uint32_t> lengths)) {
    constexpr std::uint32_t longest = 300'000;
    std::vector<std::string> payloads;
    for (const std::uint32_t length : lengths) {
        payloads.emplace_back(length % longest, static_cast<char>('a' + payloads.size() % 26));
    }
    Inbox inbox({.bytes_max = std::size_t{1} << 30U});
    std::size_t taken = 0;
    Inbox::Waiting got;
    for (std::size_t i = 0; i < payloads.size(); ++i) {
        RC_ASSERT(inbox.put(full_message(payloads[i]), static_cast<std::int64_t>(i)));
        if (i % 3 == 2) {
            RC_ASSERT(inbox.take_one(got));
            RC_ASSERT(got.arrived_us == static_cast<std::int64_t>(taken));
            RC_ASSERT(got.message.payload == payloads[taken++]);
        }
    }
    while (inbox.take_one(got)) {
        RC_ASSERT(got.message.payload == payloads[taken++]);
    }
    RC_ASSERT(taken == payloads.size());
    RC_ASSERT(inbox.empty());
}

TEST(Inbox, LosesNothingBetweenTwoThreads) {
    constexpr std::int64_t many = 3'000;
    Inbox inbox({.messages_max = 64, .bytes_max = 100'000});
    std::thread putting([&] {
        for (std::int64_t i = 0; i < many;) {
            i += inbox.put(full_message("x"), i) ? 1 : 0;
            std::this_thread::yield();
        }
    });
    std::int64_t expected = 0;
    Inbox::Waiting got;
    while (expected < many) {
        if (inbox.take_one(got)) {
            ASSERT_EQ(got.arrived_us, expected);
            ++expected;
        }
    }
    putting.join();
    EXPECT_TRUE(inbox.empty());
}

}  // namespace
}  // namespace flyball
