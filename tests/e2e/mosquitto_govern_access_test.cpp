// Subscriptions that governors guard in a real broker, beside its access list, and the brokers in
// which a plugin must not try.

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tests/build_tree.h"
#include "tests/e2e/governed_broker.h"
#include "tests/unit/fleet/program.h"

namespace flyball::testing {
namespace {

using Json = nlohmann::json;
using Arrived = RawClient::Arrived;

// Listening to data/# is for whoever has the feature.
const std::string listeners_need_a_feature =
    "[[govern]]\ntopic = \"data/#\"\non = \"subscribe\"\ngovernor = \"entitlement/main\"\n"
    "request = { feature = \"export\" }\n";

void grant(GovernedBroker& broker, const std::string& tenant) {
    broker.ask("entitlement/main/admin",
               {{"op", "grant"}, {"tenant", tenant}, {"feature", "export"}});
}

TEST(GovernedSubscriptions, AreDeniedInTheAcknowledgement) {
    GovernedBroker broker({.config = listeners_need_a_feature});
    RawClient ann(broker.port(), user("ann"));
    RawClient old(broker.port(), {.version = 4, .client_id = "old", .user = "ann"});
    for (const char* filter : {"data/1", "data/#", "#", "+/1", "$share/group/data/1"}) {
        EXPECT_EQ(ann.subscribe(filter), not_authorized) << filter;
    }
    EXPECT_EQ(old.subscribe("data/1"), 0x80);
    EXPECT_EQ(ann.subscribe("other/#"), 0);
    grant(broker, "ann");
    EXPECT_EQ(ann.subscribe("data/1"), 0);
    // Without an access list everything else is as open as it was.
    EXPECT_EQ(ann.publish("data/1", "seen"), 0);
    EXPECT_EQ(ann.receive(), (Arrived{"data/1", "seen"}));
    EXPECT_EQ(ann.publish("$SYS/mine"), not_authorized);
}

class AccessList {
public:
    explicit AccessList(const std::string& lines) {
        path_ =
            std::filesystem::temp_directory_path() / ("flyball-acl-" + std::to_string(::getpid()));
        std::ofstream(path_) << lines;
    }
    ~AccessList() { std::filesystem::remove(path_); }
    AccessList(const AccessList&) = delete;
    AccessList& operator=(const AccessList&) = delete;
    std::string line() const { return "acl_file " + path_.string() + "\n"; }

private:
    std::filesystem::path path_;
};

// The access list grants each subscription and filters what is delivered.
TEST(GovernedSubscriptions, LeaveTheAccessListItsSay) {
    const AccessList list(
        "topic readwrite #\n"  // who gives no name: the test's own questions
        "user ann\ntopic read data/open\ntopic write mine\n"
        "user clerk\ntopic readwrite #\n");
    GovernedBroker broker({.config = listeners_need_a_feature, .broker = list.line()});
    RawClient ann(broker.port(), user("ann"));
    EXPECT_EQ(ann.subscribe("data/#"), not_authorized);
    grant(broker, "ann");
    EXPECT_EQ(ann.subscribe("data/#"), 0);
    EXPECT_EQ(ann.publish("mine"), 0);
    EXPECT_EQ(ann.publish("data/open"), not_authorized);
    RawClient clerk(broker.port(), user("clerk"));
    EXPECT_EQ(clerk.publish("data/secret", "1"), 0);
    EXPECT_EQ(clerk.publish("data/open", "2"), 0);
    EXPECT_EQ(ann.receive(), (Arrived{"data/open", "2"}));
}

TEST(GovernedSubscriptions, BeginAndEndWithAReload) {
    GovernedBroker broker({});
    RawClient ann(broker.port(), user("ann"));
    EXPECT_EQ(ann.subscribe("data/1"), 0);
    broker.write_config(listeners_need_a_feature);
    broker.reload();
    broker.await_health([](const Json& health) { return health.contains("governed"); });
    EXPECT_EQ(ann.subscribe("data/1"), not_authorized);
    broker.write_config("");
    broker.reload();
    const std::int64_t at = broker.await_health([](const Json&) { return true; }).at("at");
    broker.await_health(
        [at](const Json& health) { return health.at("at") > at && !health.contains("governed"); });
    EXPECT_EQ(ann.subscribe("data/1"), 0);
}

// Who begins to be asked at any other time is asked behind the list, which lets every one pass.
TEST(GovernedSubscriptions, BesideAnAccessListBeginWithAReloadOfTheBroker) {
    const AccessList list("topic readwrite #\nuser ann\ntopic readwrite #\n");
    GovernedBroker broker({.broker = list.line()});
    RawClient ann(broker.port(), user("ann"));
    broker.write_config(listeners_need_a_feature);
    for (const bool dry_run : {true, false}) {
        const Json refused = broker.ask("control", {{"op", "reload"}, {"dry_run", dry_run}});
        EXPECT_EQ(refused.at("decision"), "error") << refused;
        EXPECT_NE(refused.dump().find("from a reload of the broker on"), std::string::npos)
            << refused;
    }
    EXPECT_EQ(ann.subscribe("data/1"), 0);
    broker.reload();
    broker.await_health([](const Json& health) { return health.contains("governed"); });
    EXPECT_EQ(ann.subscribe("data/1"), not_authorized);
    EXPECT_EQ(ann.subscribe("other/1"), 0);
    EXPECT_EQ(broker.ask("control", {{"op", "reload"}}).at("decision"), "ok") << "as they are";
    EXPECT_EQ(ann.subscribe("data/1"), not_authorized);
}

TEST(GovernedSubscriptions, DoNotBeginWithAnAccessListThatMayNotBeInForce) {
    GovernedBroker broker({});
    RawClient ann(broker.port(), user("ann"));
    const AccessList list("topic readwrite #\nuser ann\ntopic readwrite #\n");
    broker.write_settings(broker.settings() + list.line());
    broker.write_config(listeners_need_a_feature);
    broker.reload();
    broker.await_log("acl_file came or went in the broker's configuration");
    EXPECT_EQ(ann.subscribe("data/1"), 0);
    EXPECT_FALSE(broker.await_health([](const Json&) { return true; }).contains("governed"));
}

// Mosquitto keeps its settings when its file has become wrong, and tells nobody.
TEST(GovernedSubscriptions, AreLeftToTheBrokerWhenItsAccessListMayHaveChanged) {
    GovernedBroker broker({.config = listeners_need_a_feature});
    RawClient ann(broker.port(), user("ann"));
    EXPECT_EQ(ann.subscribe("data/1"), not_authorized);
    const std::string before = broker.settings();
    const AccessList list("topic read nothing\n");
    const auto reload_with = [&](const std::string& settings, const std::string& said) {
        broker.write_settings(settings);
        broker.reload();
        broker.await_log(said);
    };
    reload_with(before + list.line() + "no_such_option 1\n",
                "subscriptions are not governed until");
    EXPECT_EQ(ann.subscribe("data/1"), 0);
    EXPECT_EQ(ann.subscribe("other/1"), 0) << "no access list is in force";
    EXPECT_EQ(ann.publish("data/1", "seen"), 0);
    EXPECT_EQ(ann.receive(), (Arrived{"data/1", "seen"}));
    reload_with(before, "subscriptions are governed again");
    EXPECT_EQ(ann.subscribe("data/1"), not_authorized);
}

void expect_refused(const GovernedBroker::Settings& settings, const std::string& sentence,
                    const std::string& last = "") {
    const std::string log = GovernedBroker::log_of_refused(settings, last);
    EXPECT_NE(log.find(sentence), std::string::npos) << log;
}

TEST(PluginStart, IsRefusedWhereTheBrokerGivesNoTicks) {
    expect_refused({.broker = "per_listener_settings true\n"},
                   "the broker has per_listener_settings true");
}

TEST(PluginStart, IsRefusedWhereAnotherPluginWouldBePassedBy) {
    expect_refused({.config = listeners_need_a_feature},
                   "node.toml:8: govern[0].on: the broker has 2 plugin lines",
                   "plugin /usr/lib/another_plugin.so\n");
}

TEST(PluginStart, IsRefusedAsASecondPlugin) {
    expect_refused({}, "a second `plugin` line names this library",
                   "plugin " + plugin_library() + "\n");
}

TEST(PluginStart, IsRefusedWithABadRule) {
    expect_refused({.config = "[[govern]]\ntopic = \"a\"\ngovernor = \"quota/main\"\n"
                              "request = { resource = \"mesages\" }\n"},
                   "node.toml:9: govern[0].request: quota/main answers unknown_resource");
}

TEST(PluginStart, IsTheOnlyOneThatTakesRules) {
    const auto path = std::filesystem::temp_directory_path() /
                      ("flyball-rules-" + std::to_string(::getpid()) + ".toml");
    std::ofstream(path) << listeners_need_a_feature;
    Program node({node_program(), "--config", path.string()});
    EXPECT_EQ(node.wait(), 64);
    EXPECT_NE(node.err().find(":1: govern[0]: only a broker's plugin can govern topics"),
              std::string::npos)
        << node.err();
    Program check({node_program(), "--config", path.string(), "--check-config"});
    EXPECT_EQ(check.wait(), 0) << check.err();
    std::filesystem::remove(path);
}

}  // namespace
}  // namespace flyball::testing
