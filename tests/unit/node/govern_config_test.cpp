#include <gtest/gtest.h>

#include "node/config_govern.h"
#include "node/config_text.h"
#include "tests/unit/node/machine.h"

namespace flyball {
namespace {

constexpr const char* main_file = "/etc/flyball/node.toml";
using Faults = std::vector<std::string>;

Config checked(const std::string& text) {
    Machine machine;
    machine.file(main_file, text);
    Config config = machine.read();
    check_govern_rules(config, Instant{Span{1'800'000'000'000}});
    return config;
}

// The faults of one rule, whose lines begin at line 2, without the file's name.
Faults faults_of(const std::string& rule) {
    Faults faults = checked("[[govern]]\n" + rule).faults;
    for (std::string& fault : faults) {
        EXPECT_TRUE(fault.starts_with(std::string(main_file) + ":")) << fault;
        fault.erase(0, std::string(main_file).size() + 1);
    }
    return faults;
}

constexpr const char* sound_rule = R"(
topic = "sensors/+/data"
governor = "quota/main"
)";

TEST(GovernConfig, HasDefaultsForAllButTopicAndGovernor) {
    const Config config = checked(std::string("[[govern]]") + sound_rule);
    EXPECT_EQ(config.faults, Faults{});
    ASSERT_EQ(config.settings.govern.size(), 1U);
    GovernRule expected;
    expected.topic = "sensors/+/data";
    expected.governor = "quota/main";
    EXPECT_EQ(config.settings.govern[0], expected);
    EXPECT_EQ(expected.tenant, GovernedBy::user);
    EXPECT_FALSE(expected.observes);
    EXPECT_TRUE(expected.passes_on_error);
    EXPECT_TRUE(expected.passes_unmapped);
}

TEST(GovernConfig, ReadsEveryKeyAndKeepsTheOrder) {
    const Config config = checked(R"(
[governor.quota.main]
resources.bytes = { limit = 1000, window = "1d", algorithm = "fixed" }
[[govern]]
topic = "a/#"
users = ["ann", "team-*"]
client_ids = ["c*"]
tenant = "level:3"
governor = "quota/main"
request = { resource = "bytes" }
per = "byte"
mode = "observe"
on_error = "deny"
unmapped = "deny"
[[govern]]
topic = "b"
tenant = "client_id"
governor = "admit"
on = "subscribe"
[govern.request]
quota = { hits = 2 }
compliance = { action = "store", attributes = { region = "eu" } }
)");
    EXPECT_EQ(config.faults, Faults{});
    ASSERT_EQ(config.settings.govern.size(), 2U);
    const GovernRule& first = config.settings.govern[0];
    EXPECT_EQ(first.users, (std::vector<std::string>{"ann", "team-*"}));
    EXPECT_EQ(first.client_ids, std::vector<std::string>{"c*"});
    EXPECT_EQ(first.tenant, GovernedBy::level);
    EXPECT_EQ(first.level, 3U);
    EXPECT_EQ(first.per, GovernedUnit::byte);
    EXPECT_TRUE(first.observes);
    EXPECT_FALSE(first.passes_on_error);
    EXPECT_FALSE(first.passes_unmapped);
    const GovernRule& second = config.settings.govern[1];
    EXPECT_EQ(second.topic, "b");
    EXPECT_EQ(second.tenant, GovernedBy::client_id);
    EXPECT_EQ(second.on, GovernedAction::subscribe);
}

TEST(GovernConfig, IsPrintedAsAFileThatMeansTheSame) {
    const Config config = checked(R"(
[[govern]]
topic = "a/#"
users = ["ann", "team-*"]
tenant = "level:3"
governor = "billing/main"
per = "byte"
mode = "observe"
[[govern]]
topic = "b"
client_ids = ["x"]
tenant = "client_id"
governor = "entitlement/main"
request = { feature = "stream" }
on = "subscribe"
on_error = "deny"
unmapped = "deny"
)");
    ASSERT_EQ(config.faults, Faults{});
    const Config again = checked(print_config(config.settings, config.governors));
    EXPECT_EQ(again.faults, Faults{});
    EXPECT_EQ(again.settings.govern, config.settings.govern);
}

TEST(GovernConfig, TakesALaterFilesRulesWhole) {
    Machine machine;
    machine.file(main_file, std::string("[[govern]]") + sound_rule + "[[govern]]" + sound_rule);
    machine.file(std::string(main_file) + ".d/x.toml",
                 "[[govern]]\ntopic = \"other\"\ngovernor = \"admit\"\n");
    const Config config = machine.read();
    ASSERT_EQ(config.settings.govern.size(), 1U);
    EXPECT_EQ(config.settings.govern[0].topic, "other");
}

struct Wrong {
    const char* rule;
    const char* fault;
};

class WrongRule : public testing::TestWithParam<Wrong> {};

TEST_P(WrongRule, IsNamedWithItsPlaceItsKeyAndWhatWouldBeRight) {
    EXPECT_EQ(faults_of(GetParam().rule), Faults{GetParam().fault});
}

// Line 2 is the rule's first.
INSTANTIATE_TEST_SUITE_P(
    GovernConfig, WrongRule,
    testing::Values(
        Wrong{"topic = \"a/#/b\"\ngovernor = \"quota/main\"",
              "2: govern[0].topic: must be a topic filter of at most 256 bytes, as \"sensors/#\", "
              "not \"a/#/b\""},
        Wrong{"topic = \"$SYS/#\"\ngovernor = \"quota/main\"",
              "2: govern[0].topic: must be a filter of other topics: those that start with $ or "
              "flyball/ are never governed, not \"$SYS/#\""},
        Wrong{"topic = \"flyball/v1/#\"\ngovernor = \"quota/main\"",
              "2: govern[0].topic: must be a filter of other topics: those that start with $ or "
              "flyball/ are never governed, not \"flyball/v1/#\""},
        Wrong{"governor = \"quota/main\"",
              "1: govern[0].topic: must be a topic filter of at most 256 bytes, as \"sensors/#\""},
        Wrong{"topic = \"a\"",
              "1: govern[0].governor: must be \"admit\" or a governor's type and name, as "
              "\"quota/main\""},
        Wrong{"topic = \"a\"\ngovernor = \"quotas/main\"",
              "3: govern[0].governor: must be \"admit\" or a governor's type and name, as "
              "\"quota/main\", not \"quotas/main\""},
        Wrong{"topic = \"a\"\ngovernor = \"quota/main\"\nusers = [\"a*b\"]",
              "4: govern[0].users: must be a list of 1 to 64 names, or starts of names with a * at "
              "their end, not [\"a*b\"]"},
        Wrong{"topic = \"a\"\ngovernor = \"quota/main\"\nclient_ids = []",
              "4: govern[0].client_ids: must be a list of 1 to 64 names, or starts of names with a "
              "* at their end, not []"},
        Wrong{"topic = \"a\"\ngovernor = \"quota/main\"\ntenant = \"level:0\"",
              "4: govern[0].tenant: must be \"user\", \"client_id\" or a topic's level from "
              "\"level:1\" to \"level:64\", not \"level:0\""},
        Wrong{"topic = \"a\"\ngovernor = \"quota/main\"\nmode = \"watch\"",
              "4: govern[0].mode: must be \"enforce\" or \"observe\", not \"watch\""},
        Wrong{"topic = \"a\"\ngovernor = \"quota/main\"\non_error = true",
              "4: govern[0].on_error: must be \"allow\" or \"deny\", not true"},
        Wrong{"topic = \"a\"\ngovernor = \"quota/main\"\nunmaped = \"deny\"",
              "4: govern[0].unmaped: is not known; did you mean unmapped?"},
        Wrong{
            "topic = \"a\"\ngovernor = \"entitlement/main\"\nper = \"byte\"\nrequest = { feature "
            "= \"x\" }",
            "4: govern[0].per: must be \"message\" unless a quota or a billing governor is asked: "
            "others count no bytes"},
        Wrong{"topic = \"a\"\ngovernor = \"quota/main\"\nper = \"byte\"\nrequest = { hits = 2 }",
              "5: govern[0].request.hits: must be left out with per = \"byte\": it is the "
              "payload's size"},
        Wrong{
            "topic = \"a\"\ngovernor = \"quota/main\"\nper = \"byte\"\non = \"subscribe\"",
            "4: govern[0].per: must be \"message\" with on = \"subscribe\": a subscription has no "
            "payload"},
        Wrong{"topic = \"a\"\ngovernor = \"quota/main\"\nrequest = \"x\"",
              "4: govern[0].request: must be a table of the request's fields, as { resource = "
              "\"messages\" }, not \"x\""},
        Wrong{"topic = \"a\"\ngovernor = \"quota/main\"\nrequest = { id = \"x\" }",
              "4: govern[0].request.id: must be left out: a message's publisher is the tenant, and "
              "each message is decided once, as it comes"}));

// What only the governor itself can find wrong.
INSTANTIATE_TEST_SUITE_P(
    TriedOut, WrongRule,
    testing::Values(
        Wrong{"topic = \"a\"\ngovernor = \"quota/main\"\nrequest = { hits = -1 }",
              "4: govern[0].request.hits: must be an integer of at least 0"},
        Wrong{"topic = \"a\"\ngovernor = \"quota/main\"\nrequest = { resource = \"mesages\" }",
              "4: govern[0].request: quota/main answers unknown_resource"},
        Wrong{"topic = \"a\"\ngovernor = \"quota/main\"\nrequest = { colour = \"red\" }",
              "4: govern[0].request.colour: is nothing that quota/main looks at"},
        Wrong{"topic = \"a\"\ngovernor = \"entitlement/main\"",
              "1: govern[0].request.feature: must be a text of 1 to 64 bytes"},
        Wrong{"topic = \"a\"\ngovernor = \"billing/main\"\nrequest = { op = \"charge\", amount = 1 "
              "}",
              "4: govern[0].request: asks billing/main for what needs an id, which a governed "
              "message has not: set require_id = false there, or ask something else"},
        Wrong{"topic = \"a\"\ngovernor = \"quota/main\"\nrequest = { op = \"reset\" }",
              "4: govern[0].request.op: must be an op that a request topic permits"},
        Wrong{"topic = \"a\"\ngovernor = \"admit\"\nrequest = { quota = { hits = \"x\" } }",
              "4: govern[0].request.quota.hits: must be an integer of at least 0"}));

TEST(GovernConfig, RefusesTheNodesOwnPrefix) {
    const Config config = checked(
        "[mqtt]\nprefix = \"acme/fb\"\n[[govern]]\ntopic = \"acme/fb/+/x\"\n"
        "governor = \"quota/main\"\n");
    ASSERT_EQ(config.faults.size(), 1U);
    EXPECT_EQ(config.faults[0],
              "/etc/flyball/node.toml:4: govern[0].topic: must be a filter of other topics than "
              "those below mqtt.prefix, \"acme/fb\", which are never governed");
}

TEST(GovernConfig, MustBeAListOfTables) {
    EXPECT_EQ(checked("govern = 3\n").faults,
              Faults{"/etc/flyball/node.toml:1: govern: must be a list of tables, each begun by "
                     "[[govern]]"});
}

TEST(GovernConfig, KnowsTheGovernorsThatTheFileNames) {
    const Config config = checked(R"(
[governor.billing.prepaid]
require_id = false
[governor.quota.main]
resources.messages = { limit = 10, window = "1h", algorithm = "sliding" }
[[govern]]
topic = "a"
governor = "billing/prepaid"
request = { op = "charge", amount = 1 }
[[govern]]
topic = "b"
governor = "quota/main"
request = { resource = "messages" }
[[govern]]
topic = "c"
governor = "admit"
request = { quota = { resource = "messages" } }
[[govern]]
topic = "d"
governor = "quota/added-later"
)");
    EXPECT_EQ(config.faults, Faults{});
}

TEST(GovernConfig, IsRefusedByAProgramThatIsNoPlugin) {
    Config config = checked(std::string("[[govern]]") + sound_rule);
    refuse_govern_rules(config);
    EXPECT_EQ(config.faults,
              Faults{"/etc/flyball/node.toml:1: govern[0]: only a broker's plugin can govern "
                     "topics: load flyball_mosquitto.so into the broker with this configuration, "
                     "or take the rules out"});
    Config without = checked("");
    refuse_govern_rules(without);
    EXPECT_EQ(without.faults, Faults{});
}

}  // namespace
}  // namespace flyball
