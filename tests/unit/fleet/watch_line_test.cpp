#include "fleet/watch_line.h"

#include <gtest/gtest.h>

namespace flyball {
namespace {

const std::string prefix = "flyball/v1";

std::vector<std::string> lines(const std::string& topic, const Json& payload, WireFormat format) {
    Arrived arrived{
        topic, encode_payload(payload, format).value(), {}, {}, false, instant_from_ms(0)};
    std::vector<std::string> all;
    for (const Seen& seen : seen_in(arrived, prefix)) {
        all.push_back(line_for_people(seen, {}).substr(9));  // without the local time of day
    }
    return all;
}

TEST(WatchLine, NamesNodeGovernorTenantDecisionAndReason) {
    const Json reply = {{"governor", "quota/main"},   {"tenant", "acme"},
                        {"decision", "deny"},         {"allowed", false},
                        {"reason", "quota_exceeded"}, {"seq", 7}};
    for (const WireFormat format : {WireFormat::msgpack, WireFormat::json}) {
        EXPECT_EQ(lines("flyball/v1/eu/pi/quota/main/decision", reply, format),
                  std::vector<std::string>{"eu/pi quota/main acme deny quota_exceeded seq=7"});
    }
}

TEST(WatchLine, TakesTheTenantFromTheTopicWhereTheReplyIsBrief) {
    EXPECT_EQ(lines("flyball/v1/eu/pi/quota/main/decision/a%2Fb", {{"decision", "allow"}},
                    WireFormat::json),
              std::vector<std::string>{"eu/pi quota/main a/b allow"});
    EXPECT_EQ(lines("flyball/v1/eu/pi/admit/decision", {{"decision", "allow"}}, WireFormat::json),
              std::vector<std::string>{"eu/pi admit allow"});
}

TEST(WatchLine, ShowsEventsAndControl) {
    EXPECT_EQ(lines("flyball/v1/eu/pi/quota/main/event",
                    {{"event", "quota_warning"}, {"n", 3}, {"tenant", "acme"}}, WireFormat::json),
              std::vector<std::string>{"eu/pi quota/main acme quota_warning n=3"});
    EXPECT_EQ(lines("flyball/v1/eu/pi/control/reply", {{"decision", "ok"}}, WireFormat::json),
              std::vector<std::string>{"eu/pi node ok"});
}

TEST(WatchLine, GivesEachEntryOfABatchItsOwn) {
    const Json batch = {{{"decision", "allow"}}, {{"decision", "deny"}}};
    EXPECT_EQ(lines("flyball/v1/eu/pi/quota/main/decision", batch, WireFormat::msgpack).size(), 2U);
}

TEST(WatchLine, ShowsWhatIsNeitherMsgpackNorJson) {
    const Arrived arrived{"flyball/v1/eu/pi/quota/main/event", "nonsense", {}, {}, false, {}};
    const auto seen = seen_in(arrived, prefix);
    ASSERT_EQ(seen.size(), 1U);
    EXPECT_NE(line_for_people(seen[0], {}).find("(8 bytes, neither"), std::string::npos);
    EXPECT_EQ(line_for_machines(seen[0]),
              R"({"node":"eu/pi","channel":"event","governor":"quota/main","tenant":"","at":0,)"
              R"("undecodable_bytes":8})");
}

TEST(WatchLine, StaysOnOneLineOfATerminal) {
    const Arrived arrived{"flyball/v1/eu/pi/quota/main/decision",
                          R"({"decision":"allow","seq":7,"resource":"api_calls","limit":10000})",
                          {},
                          {},
                          false,
                          instant_from_ms(0)};
    const auto line = line_for_people(seen_in(arrived, prefix).at(0), {false, 50});
    EXPECT_EQ(line.substr(9), "eu/pi quota/main allow seq=7 ...");
}

TEST(WatchLine, LeavesOtherTopicsAlone) {
    for (const char* topic : {"flyball/v1/eu/pi/health", "flyball/v1/reply/a/b/c/decision",
                              "flyball/v1/eu/pi/quota/main/request", "other/eu/pi/control/reply"}) {
        EXPECT_TRUE(seen_in({topic, "{}", {}, {}, false, {}}, prefix).empty()) << topic;
    }
}

TEST(WatchFilters, CoverTheFourKindsOfTopics) {
    EXPECT_EQ(watch_filters(prefix, {"+", "+"}),
              (std::vector<std::string>{
                  "flyball/v1/+/+/+/+/decision/#", "flyball/v1/+/+/admit/decision/#",
                  "flyball/v1/+/+/+/+/event", "flyball/v1/+/+/control/reply"}));
}

}  // namespace
}  // namespace flyball
