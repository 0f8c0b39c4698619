// libflyball's one class: plain values and bytes in, the same decisions out.

#include "node/local_node.h"

#include <gtest/gtest.h>

#include <array>
#include <nlohmann/json.hpp>

#include "tests/unit/governors/allocation_count.h"

namespace flyball {
namespace {

using Json = nlohmann::json;
constexpr LocalNode::Time begin{std::chrono::milliseconds{1'767'225'600'000}};
constexpr const char* ten_a_minute =
    R"({"resources":{"api_calls":{"limit":10,"window":"1m","algorithm":"fixed"}}})";

struct LocalNodeTest : testing::Test {
    LocalNodeTest() {
        EXPECT_EQ(node.add_governor("quota/main", ten_a_minute, begin), std::nullopt);
        events.clear();
    }
    LocalNode::Answer hit(std::int64_t hits, std::string_view id = {}) {
        const std::array<LocalNode::Field, 1> fields = {{{"hits", hits}}};
        return node.decide({.governor = "quota/main", .tenant = "acme", .id = id, .fields = fields},
                           begin);
    }
    std::vector<std::string> events;
    LocalNode node{
        {.on_event = [this](std::string_view event) { events.emplace_back(event); }, .seed = 7}};
};

TEST_F(LocalNodeTest, DecidesPlainValues) {
    EXPECT_TRUE(hit(7).allowed);
    const LocalNode::Answer denied = hit(4);
    EXPECT_EQ(denied.decision, "deny");
    EXPECT_EQ(denied.reason, "quota_exceeded");
    EXPECT_EQ(denied.retry_after_ms, 60'000);
    EXPECT_EQ(Json::parse(node.reply_json()).at("remaining"), 3);
    EXPECT_EQ(hit(3).state, "exceeded");
    EXPECT_EQ(node.decide({.governor = "quota/main", .tenant = "globex"}, begin).state, "normal");
}

TEST_F(LocalNodeTest, RepeatsWhatAnIdWasAnswered) {
    const LocalNode::Answer first = hit(2, "a");
    const LocalNode::Answer again = hit(2, "a");
    EXPECT_TRUE(again.replayed);
    EXPECT_EQ(again.seq, first.seq);
    EXPECT_EQ(hit(3, "a").reason, "id_reused");
}

TEST_F(LocalNodeTest, SaysWhatIsWrong) {
    EXPECT_EQ(hit(-1).field, "hits");
    EXPECT_EQ(node.decide({.governor = "quota/none", .tenant = "acme"}, begin).reason,
              "unknown_governor");
    EXPECT_EQ(Json::parse(node.reply_json()).at("reason"), "unknown_governor");
    EXPECT_EQ(node.decide({.governor = "quota/main", .tenant = ""}, begin).reason, "missing_field");
    EXPECT_EQ(
        node.decide({.governor = "quota/main", .tenant = "acme", .op = "reset"}, begin).reason,
        "not_permitted");
    EXPECT_EQ(
        node.decide({.governor = "quota/main", .tenant = "acme", .op = "reset", .admin = true},
                    begin)
            .decision,
        "ok");
    EXPECT_NE(node.add_governor("quota/main", "{}", begin), std::nullopt);
    EXPECT_NE(
        node.add_governor("quota/b", R"({"resources":{"a":{"limit":-1,"window":"1m"}}})", begin)
            .value_or("")
            .find("limit"),
        std::string::npos);
    EXPECT_NE(node.add_governor("quota/b", "{", begin), std::nullopt);
    EXPECT_NE(node.add_governor("weather/b", "{}", begin), std::nullopt);
}

TEST_F(LocalNodeTest, AnswersBytesAsANodeWould) {
    const std::string_view reply = node.decide_bytes(
        "quota/main/request/acme", R"([{"hits":1},{"hits":1,"tenant":"b"}])", begin);
    const Json replies = Json::parse(reply);
    EXPECT_EQ(replies.at(0).at("used"), 1);
    EXPECT_EQ(replies.at(1).at("reason"), "tenant_mismatch");
    EXPECT_TRUE(node.decide_bytes("weather", "{}", begin).empty());
}

TEST_F(LocalNodeTest, TellsOfEventsWhileTheyHappen) {
    hit(10);
    ASSERT_EQ(events.size(), 1U);
    EXPECT_EQ(Json::parse(events[0]).at("event"), "quota_exceeded");
    EXPECT_EQ(node.pass_time(begin), std::nullopt);
}

TEST_F(LocalNodeTest, KeepsTheStateOfAGovernorThatIsTakenAway) {
    hit(6);
    EXPECT_TRUE(node.remove_governor("quota/main", false, begin));
    EXPECT_EQ(hit(1).reason, "unknown_governor");
    EXPECT_FALSE(node.remove_governor("quota/main", false, begin));
    EXPECT_EQ(node.add_governor("quota/main", ten_a_minute, begin), std::nullopt);
    EXPECT_EQ(hit(5).reason, "quota_exceeded");
    EXPECT_TRUE(node.remove_governor("quota/main", true, begin));
    EXPECT_EQ(node.add_governor("quota/main", ten_a_minute, begin), std::nullopt);
    EXPECT_TRUE(hit(5).allowed);
}

TEST_F(LocalNodeTest, AllocatesNothingForADecisionInSteadyState) {
    for (int i = 0; i < 2'000; ++i) {
        hit(0);
        hit(1);
    }
    const std::uint64_t before = allocations_so_far();
    for (int i = 0; i < 2'000; ++i) {
        hit(0);
        hit(1);
    }
    EXPECT_EQ(allocations_so_far() - before, 0U);
}

}  // namespace
}  // namespace flyball
