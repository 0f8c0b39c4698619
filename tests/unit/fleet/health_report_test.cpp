#include "fleet/health_report.h"

#include <gtest/gtest.h>

#include "fleet/node_hint.h"

namespace flyball {
namespace {

using namespace std::chrono_literals;

const Instant now = instant_from_ms(1'700'000'000'000);

HealthReport reported(Json report, Span ago = 0ms, bool retained = true) {
    if (report.is_object()) {
        report["at"] = to_ms(now - ago);
    }
    return {{"eu-west", "pi-7"}, std::move(report), retained, now};
}

TEST(HealthJudged, TakesAFreshReportAtItsWord) {
    for (const char* status : {"online", "degraded", "draining"}) {
        const auto view = judge(reported({{"status", status}, {"interval_s", 60}}, 179s), now, {});
        EXPECT_EQ(view.status, status);
        EXPECT_EQ(view.age, Span(179s));
    }
}

TEST(HealthJudged, IsLostAfterThreeIntervalsOfItsOwn) {
    const Json report = {{"status", "online"}, {"interval_s", 10}};
    EXPECT_EQ(judge(reported(report, 30s), now, {}).status, "online");
    const auto lost = judge(reported(report, 31s), now, {});
    EXPECT_EQ(lost.status, "lost");
    EXPECT_EQ(lost.note, "said online");
}

TEST(HealthJudged, IsLostAfterTheGivenAge) {
    const Json report = {{"status", "online"}, {"interval_s", 10}};
    EXPECT_EQ(judge(reported(report, 50s), now, Span(60s)).status, "online");
    EXPECT_EQ(judge(reported(report, 5s), now, Span(4s)).status, "lost");
}

TEST(HealthJudged, IsFreshWhenItArrivedWhileWeListened) {
    const Json report = {{"status", "online"}, {"interval_s", 10}};
    EXPECT_EQ(judge(reported(report, 1h, false), now, {}).status, "online");
}

TEST(HealthJudged, StaysOfflineHoweverOld) {
    HealthReport will{{"eu-west", "pi-7"}, {{"status", "offline"}}, true, now};
    const auto view = judge(will, now, {});
    EXPECT_EQ(view.status, "offline");
    EXPECT_FALSE(view.age.has_value());
}

TEST(HealthJudged, TrustsTheSystemClockWhereTheNodesOwnIsNotSane) {
    Json report = {{"status", "online"}, {"clock", "suspect"}, {"interval_s", 60}};
    report["clock_offset_ms"] = -to_ms(now) + 1000;
    HealthReport health{{"a", "b"}, report, true, now};
    health.report["at"] = 1000;
    const auto view = judge(health, now, {});
    EXPECT_EQ(view.status, "online");
    EXPECT_EQ(view.note, "clock suspect");
}

TEST(HealthJudged, SurvivesWhatIsNoReport) {
    for (const Json& report : {Json(3), Json::array(), Json::object(), Json{{"status", 3}}}) {
        EXPECT_EQ(judge({{"a", "b"}, report, true, now}, now, {}).status, "unreadable");
    }
    EXPECT_EQ(judge({{"a", "b"}, nullptr, true, now}, now, {}).status, "missing");
    const auto extreme = std::numeric_limits<std::int64_t>::min();
    const Json report = {{"status", "online"},
                         {"at", extreme},
                         {"clock_offset_ms", extreme},
                         {"interval_s", std::numeric_limits<std::int64_t>::max()}};
    EXPECT_EQ(judge({{"a", "b"}, report, true, now}, now, {}).status, "lost");
}

TEST(NodeOfTopic, IsTheTwoLevelsBelowThePrefix) {
    EXPECT_EQ(node_of_topic("flyball/v1/eu/pi/health", "flyball/v1")->text(), "eu/pi");
    EXPECT_FALSE(node_of_topic("flyball/v1/reply/x/y/z/decision", "flyball/v1"));
    EXPECT_FALSE(node_of_topic("flyball/v12/eu/pi/health", "flyball/v1"));
    EXPECT_FALSE(node_of_topic("flyball/v1/EU/pi/health", "flyball/v1"));
    EXPECT_FALSE(node_of_topic("flyball/v1", "flyball/v1"));
}

TEST(NodeName, HasARegionThatCanBeOne) {
    EXPECT_EQ(parse_node("eu/pi")->text(), "eu/pi");
    for (const char* text : {"reply/pi", "policy/pi"}) {
        const auto node = parse_node(text);
        ASSERT_FALSE(node) << text;
        EXPECT_NE(node.error().message.find("no region is called "), std::string::npos);
    }
    for (const char* text : {"pi", "eu/", "/pi", "eu/pi/7", "EU/pi"}) {
        const auto node = parse_node(text);
        ASSERT_FALSE(node) << text;
        EXPECT_NE(node.error().message.find("write region/node"), std::string::npos) << text;
    }
}

TEST(NodeHints, NameTheStatusOrTheNearestName) {
    Collected health;
    health.nodes["eu/pi-7"] = {{"eu", "pi-7"}, {{"status", "offline"}}, true, now};
    EXPECT_EQ(hints_about({"eu", "pi-7"}, health, "p", now).front(),
              "eu/pi-7 is offline by its last health report");
    EXPECT_EQ(hints_about({"eu", "pi-8"}, health, "p", now),
              (std::vector<std::string>{"no node eu/pi-8 has reported health below p",
                                        "did you mean eu/pi-7?"}));
    EXPECT_EQ(hints_about({"eu", "pi-8"}, {}, "p", now).size(), 2U);
}

}  // namespace
}  // namespace flyball
