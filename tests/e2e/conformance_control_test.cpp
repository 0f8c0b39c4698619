// control, op by op, over a real broker in both encodings; each on a node of its own, since what it
// does to a node would disturb the others.

#include <fmt/core.h>

#include <chrono>
#include <fstream>

#include "tests/e2e/conformance_desk.h"

namespace flyball::testing {
namespace {

using namespace std::chrono_literals;

constexpr Span patience = 10s;

TEST_F(Conformance, ControlAddsListsAndRemovesGovernors) {
    const auto own = own_desk("governors");
    const Json quota = {{"type", "quota"}, {"name", "more"}};
    const auto with = [&quota](const char* key, const Json& value) {
        Json fields = quota;
        fields[key] = value;
        return fields;
    };
    own->tell(
        "control", "",
        {
            {.op = "list", .says = "ok", .shows = {{"governor", "node"}, {"governors_total", 5}}},
            {.op = "add_governor",
             .fields = with("config", {{"max_tenants", 0}}),
             .says = "error bad_field",
             .shows = {{"field", "config.max_tenants"}}},
            {.op = "add_governor",
             .fields = with("config", {{"max_tenants", 7}}),
             .says = "ok",
             .event = "governor_added"},
            {.op = "add_governor",
             .fields = quota,
             .says = "error bad_field",
             .shows = {{"field", "name"}}},
            {.op = "list", .says = "ok", .shows = {{"governors_total", 6}}},
            {.op = "remove_governor",
             .fields = with("purge", true),
             .says = "ok",
             .event = "governor_removed"},
            {.op = "remove_governor", .fields = quota, .says = "error unknown_governor"},
        });
    own->expect_ops_of("control");
    own->close();
}

TEST_F(Conformance, ControlTellsTheHistoryAndKeepsASnapshot) {
    const auto own = own_desk("history");
    for (const Wire wire : wires) {
        const std::string tenant = fmt::format("h-{}", text_of(wire));
        own->tell("quota/main", "h", {{.op = "check", .fields = {{"hits", 3}}, .says = "allow"}},
                  wire);
        const Json reply = own->ask(
            "control", {{"op", "history"}, {"governor", "quota/main"}, {"tenant", tenant}}, wire);
        ASSERT_EQ(reply.at("events").size(), 1U) << reply;
        EXPECT_EQ(reply.at("events")[0].at("amount"), 3);
        EXPECT_EQ(reply.at("events")[0].at("tenant"), tenant);
    }
    own->tell("control", "",
              {
                  {.op = "history", .fields = {{"governor", "quota/main"}}, .says = "ok"},
                  {.op = "history",
                   .fields = {{"governor", "quota/x"}},
                   .says = "error unknown_governor"},
                  {.op = "snapshot", .says = "ok"},
              });
    own->close();
}

TEST_F(Conformance, ControlReadsTheConfigurationAgain) {
    const std::string hourly =
        "[governor.quota.main]\nresources.api_calls = { limit = 5, window = \"1h\" }\n";
    const auto own = own_desk("reload", hourly);
    const auto file = own->node().folder() / "node.toml";
    for (const Wire wire : wires) {
        std::ofstream(file) << (wire == Wire::json
                                    ? "region = \"elsewhere\"\n[governor.quota.main]\n"
                                      "resources.api_calls = { limit = 5, window = \"2h\" }\n"
                                    : hourly);
        own->tell("control", "", {{.op = "reload", .says = "ok"}}, wire);
        own->event("quota/main", "resource_restarted", "", wire);
    }
    std::ofstream(file) << "[governor.quota.main]\nmax_tenants = \"many\"\n";
    own->tell("control", "", {{.op = "reload", .says = "error bad_field"}});
    own->close();
}

TEST_F(Conformance, ControlShowsWhereTheTimeGoes) {
    const auto own = own_desk("stages");
    for (const Wire wire : wires) {
        const std::string tenant = fmt::format("t-{}", text_of(wire));
        own->tell("control", "",
                  {{.op = "trace",
                    .fields = {{"governor", "quota/main"}, {"for_ms", 60'000}, {"max", 1}},
                    .says = "ok"}},
                  wire);
        own->tell("quota/main", "t", {{.op = "check", .says = "allow"}}, wire);
        const auto is_trace = [](const BusClient::Arrived& arrived) {
            return arrived.topic.ends_with("/trace");
        };
        const Json line = Json::parse(own->client().await(is_trace, patience).payload);
        EXPECT_EQ(line.at("governor"), "quota/main");
        EXPECT_EQ(line.at("tenant"), tenant);
        EXPECT_EQ(line.at("decision"), "allow");
        for (const char* stage : {"receive", "decode", "decide", "encode", "publish"}) {
            EXPECT_TRUE(line.at("us").at(stage).is_number()) << line;
        }
        own->tell("control", "", {{.op = "profile", .fields = {{"for_ms", 50}}, .says = "ok"}},
                  wire);
    }
    own->close();
}

TEST_F(Conformance, ControlSetsTheTime) {
    const auto own = own_desk("time");
    for (const Wire wire : wires) {
        const Json now = own->ask("control", {{"op", "list"}, {"max", 1}}, wire);
        own->tell("control", "",
                  {{.op = "set_time",
                    .fields = {{"at", now.at("at")}},
                    .says = "ok",
                    .event = "clock_changed"}},
                  wire);
    }
    own->close();
}

TEST_F(Conformance, ControlMakesAGovernorFailAndItStaysDownInTheEnd) {
    const auto own = own_desk("faulty", "allow_faults = true\n");
    for (const Wire wire : wires) {
        for (int failure = 1; failure <= 6; ++failure) {
            own->tell("control", "",
                      {{.op = "fault", .fields = {{"governor", "quota/main"}}, .says = "ok"}},
                      wire);
            own->tell("quota/main", "a", {{.op = "check", .says = "error governor_down"}}, wire);
            own->event("quota/main", failure <= 5 ? "governor_restarted" : "governor_down", "",
                       wire);
        }
        own->tell("quota/main", "a", {{.op = "check", .says = "error governor_down"}}, wire);
        own->tell("entitlement/main", "a",
                  {{.op = "check", .fields = {{"feature", "basic"}}, .says = "allow"}}, wire);
        own->tell("control", "", {{.op = "reload", .says = "ok"}}, wire);
        own->event("quota/main", "governor_restarted", "", wire);
        own->tell("quota/main", "a", {{.op = "check", .says = "allow"}}, wire);
    }
    own->close();
}

TEST_F(Conformance, ControlDrainsANodeWhichEndsByItself) {
    const auto own = own_desk("drained");
    for (const Wire wire : wires) {
        own->tell("control", "", {{.op = "drain", .says = "ok"}}, wire);
        const auto offline = [](const BusClient::Arrived& arrived) {
            return arrived.topic.ends_with("/health") &&
                   Json::parse(arrived.payload).at("status") == "offline";
        };
        EXPECT_NO_THROW(own->client().await(offline, patience));
        EXPECT_EQ(own->node().wait(), 0) << own->node().log();
        own->node().start();
    }
    own->close();
}

}  // namespace
}  // namespace flyball::testing
