// Topics of a real broker that governors guard: who counts for whom, what each governor says, what
// happens when none can say anything.

#include <gtest/gtest.h>

#include "tests/e2e/governed_broker.h"

namespace flyball::testing {
namespace {

using Json = nlohmann::json;
using Arrived = RawClient::Arrived;

// One message a day for each tenant.
const std::string one_a_day =
    "[governor.quota.main]\n"
    "resources.one = { limit = 1, window = \"1d\", algorithm = \"fixed\" }\n";

std::string rule(const std::string& keys) {
    return "[[govern]]\n" + keys + "\n";
}

std::string quota_rule(const std::string& topic, const std::string& more = "") {
    return rule("topic = \"" + topic +
                "\"\ngovernor = \"quota/main\"\nrequest = { resource = \"one\" }\n" + more);
}

// Whether a message of `client` on `topic` reaches `listener`, who listens to it and to "fence".
bool arrives(RawClient& client, RawClient& listener, const std::string& topic,
             const std::string& payload = "x", int qos = 0) {
    client.publish(topic, payload, qos);
    client.publish("fence", "");
    const Arrived first = listener.receive();
    if (first == Arrived{"fence", ""}) {
        return false;
    }
    EXPECT_EQ(first, (Arrived{topic, payload}));
    EXPECT_EQ(listener.receive(), (Arrived{"fence", ""}));
    return true;
}

class Listener : public RawClient {
public:
    explicit Listener(const GovernedBroker& broker, const std::string& filter = "a/#")
        : RawClient(broker.port(), {.client_id = "listener", .user = "listener"}) {
        EXPECT_EQ(subscribe(filter), 0);
        EXPECT_EQ(subscribe("fence"), 0);
    }
};

const Json& row(const Json& health, std::size_t at = 0) {
    return health.at("governed").at(at);
}

TEST(GovernedTopics, CountForTheUserTheClientOrALevel) {
    GovernedBroker broker({.config = one_a_day + quota_rule("user/#") +
                                     quota_rule("client/#", "tenant = \"client_id\"") +
                                     quota_rule("level/+/#", "tenant = \"level:2\"")});
    RawClient ann(broker.port(), user("ann"));
    RawClient ann_again(broker.port(), {.client_id = "second", .user = "ann"});
    RawClient bob(broker.port(), user("bob"));
    EXPECT_EQ(ann.publish("user/1"), 0);
    EXPECT_EQ(ann_again.publish("user/2"), not_authorized);
    EXPECT_EQ(bob.publish("user/1"), 0);
    EXPECT_EQ(ann.publish("client/1"), 0);
    EXPECT_EQ(ann_again.publish("client/1"), 0);
    EXPECT_EQ(ann.publish("client/1"), not_authorized);
    EXPECT_EQ(ann.publish("level/acme/1"), 0);
    EXPECT_EQ(bob.publish("level/acme"), not_authorized);
    EXPECT_EQ(bob.publish("level/initech"), 0);
    EXPECT_EQ(bob.publish("elsewhere/acme"), 0);
}

TEST(GovernedTopics, AreGuardedByEveryTypeOfGovernor) {
    GovernedBroker broker({.config = R"(
[governor.billing.main]
require_id = false
[[governor.compliance.main.rules]]
id = "eu-only"
actions = ["store"]
attribute = "region"
op = "eq"
value = "eu"
severity = "deny"
on_missing = "violation"
[[govern]]
topic = "entitlement"
governor = "entitlement/main"
request = { feature = "export" }
[[govern]]
topic = "billing"
governor = "billing/main"
request = { op = "charge", amount = 60 }
[[govern]]
topic = "compliance/us"
governor = "compliance/main"
request = { action = "store", attributes = { region = "us" } }
[[govern]]
topic = "compliance/eu"
governor = "compliance/main"
request = { action = "store", attributes = { region = "eu" } }
[[govern]]
topic = "subscription"
governor = "subscription/main"
[[govern]]
topic = "admit"
governor = "admit"
request = { entitlement = { feature = "export" }, quota = { hits = 6000 } }
)"});
    RawClient ann(broker.port(), user("ann"));
    EXPECT_EQ(ann.publish("entitlement"), not_authorized);
    EXPECT_EQ(ann.publish("admit"), not_authorized);
    broker.ask("entitlement/main/admin",
               {{"op", "grant"}, {"tenant", "ann"}, {"feature", "export"}});
    EXPECT_EQ(ann.publish("entitlement"), 0);
    EXPECT_EQ(ann.publish("admit"), 0);
    EXPECT_EQ(ann.publish("admit"), not_authorized);  // the quota's part
    EXPECT_EQ(broker.ask("quota/main/request", {{"tenant", "ann"}, {"hits", 0}}).at("used"), 6000);

    EXPECT_EQ(ann.publish("billing"), not_authorized);
    broker.ask("billing/main/admin", {{"op", "topup"}, {"tenant", "ann"}, {"amount", 100}});
    EXPECT_EQ(ann.publish("billing"), 0);
    EXPECT_EQ(ann.publish("billing"), not_authorized);

    EXPECT_EQ(ann.publish("compliance/us"), not_authorized);
    EXPECT_EQ(ann.publish("compliance/eu"), 0);

    EXPECT_EQ(ann.publish("subscription"), not_authorized);
    broker.ask("subscription/main/admin", {{"op", "start"}, {"tenant", "ann"}});
    EXPECT_EQ(ann.publish("subscription"), 0);
}

TEST(GovernedTopics, MayCostByTheByte) {
    GovernedBroker broker({.config = R"(
[governor.quota.main]
resources.bytes = { limit = 1000, window = "1d", algorithm = "fixed" }
[governor.billing.main]
require_id = false
[[govern]]
topic = "quota"
governor = "quota/main"
request = { resource = "bytes" }
per = "byte"
[[govern]]
topic = "billing"
governor = "billing/main"
request = { op = "charge" }
per = "byte"
)"});
    RawClient ann(broker.port(), user("ann"));
    EXPECT_EQ(ann.publish("quota", std::string(999, 'x')), 0);
    EXPECT_EQ(ann.publish("quota", "xx"), not_authorized);
    EXPECT_EQ(ann.publish("quota", "x"), 0);
    EXPECT_EQ(ann.publish("quota", ""), 0);  // no byte
    broker.ask("billing/main/admin", {{"op", "topup"}, {"tenant", "ann"}, {"amount", 300}});
    EXPECT_EQ(ann.publish("billing", std::string(299, 'x')), 0);
    EXPECT_EQ(ann.publish("billing", std::string(2, 'x')), not_authorized);
    const Json account = broker.ask("billing/main/request", {{"op", "get"}, {"tenant", "ann"}});
    EXPECT_EQ(account.at("balance"), 1);
}

TEST(GovernedTopics, RaiseTheirGovernorsEvents) {
    GovernedBroker broker({.config = one_a_day + quota_rule("a")});
    RawClient listener(broker.port(), user("listener"));
    ASSERT_EQ(listener.subscribe("flyball/v1/test/node/quota/main/event"), 0);
    RawClient ann(broker.port(), user("ann"));
    EXPECT_EQ(ann.publish("a"), 0);
    const Json event = Json::parse(listener.receive().payload);
    EXPECT_EQ(event.at("event"), "quota_exceeded") << event;
    EXPECT_EQ(event.at("tenant"), "ann");
    EXPECT_EQ(event.at("resource"), "one");
}

TEST(GovernedTopics, TellOfADenialOnceAMinute) {
    GovernedBroker broker({.config = one_a_day + quota_rule("a")});
    RawClient listener(broker.port(), user("listener"));
    ASSERT_EQ(listener.subscribe("flyball/v1/test/node/quota/main/event"), 0);
    RawClient ann(broker.port(), user("ann"));
    RawClient bob(broker.port(), user("bob"));
    EXPECT_EQ(ann.publish("a"), 0);
    EXPECT_EQ(Json::parse(listener.receive().payload).at("event"), "quota_exceeded");
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(ann.publish("a"), not_authorized);
    }
    const Json event = Json::parse(listener.receive().payload);
    EXPECT_EQ(event.at("event"), "publish_denied") << event;
    EXPECT_EQ(event.at("governor"), "quota/main");
    EXPECT_EQ(event.at("tenant"), "ann");
    EXPECT_EQ(event.at("reason"), "quota_exceeded");
    EXPECT_EQ(bob.publish("a"), 0);  // whose crossing is the next that there is to tell
    EXPECT_EQ(Json::parse(listener.receive().payload).at("tenant"), "bob");
}

TEST(GovernedTopics, AreOnlyCountedWhileARuleObserves) {
    GovernedBroker broker({.config = one_a_day + quota_rule("a", "mode = \"observe\"")});
    Listener listener(broker);
    RawClient ann(broker.port(), user("ann"));
    for (int i = 0; i < 3; ++i) {
        EXPECT_TRUE(arrives(ann, listener, "a"));
    }
    broker.await_health([](const Json& health) {
        return row(health).at("allow") == 1 && row(health).at("deny") == 2 &&
               row(health).at("mode") == "observe";
    });
    EXPECT_NE(broker.log().find("dropped=\"would be\""), std::string::npos) << broker.log();
}

TEST(GovernedTopics, DoAsTheRuleSaysWhenAGovernorFails) {
    GovernedBroker broker({.config = one_a_day + quota_rule("open", "on_error = \"allow\"") +
                                     quota_rule("closed", "on_error = \"deny\"")});
    const auto fail = [&broker] {
        EXPECT_EQ(
            broker.ask("control", {{"op", "fault"}, {"governor", "quota/main"}}).at("decision"),
            "ok");
    };
    RawClient ann(broker.port(), user("ann"));
    broker.await_health([](const Json& health) { return health.at("status") == "online"; });
    fail();
    EXPECT_EQ(ann.publish("open"), 0);
    fail();
    EXPECT_EQ(ann.publish("closed"), not_authorized);
    EXPECT_EQ(ann.publish("closed"), 0);  // the governor is back, and nothing was counted
    const Json health = broker.await_health([](const Json& report) {
        return row(report, 0).at("error") == 1 && row(report, 1).at("error") == 1;
    });
    EXPECT_EQ(health.at("status"), "degraded");
}

TEST(GovernedTopics, DoAsTheRuleSaysWithoutAUserName) {
    GovernedBroker broker({.config = one_a_day + quota_rule("open", "unmapped = \"allow\"") +
                                     quota_rule("closed", "unmapped = \"deny\"")});
    RawClient nobody(broker.port(), {.client_id = "nobody"});
    EXPECT_EQ(nobody.publish("open"), 0);
    EXPECT_EQ(nobody.publish("open"), 0);
    EXPECT_EQ(nobody.publish("closed"), not_authorized);
    broker.await_health([](const Json& health) {
        return row(health, 0).at("unmapped") == 2 && row(health, 1).at("unmapped") == 1 &&
               health.at("status") == "online";
    });
}

TEST(GovernedTopics, SayWhyToAnMqtt5ClientThatAsksForAnAcknowledgement) {
    GovernedBroker broker({.config = one_a_day + quota_rule("a/#")});
    Listener listener(broker);
    RawClient ann(broker.port(), user("ann"));
    EXPECT_TRUE(arrives(ann, listener, "a/0", "x", 2));
    for (const int qos : {0, 1, 2}) {
        EXPECT_EQ(ann.publish("a/1", "x", qos), qos == 0 ? 0 : not_authorized);
        EXPECT_FALSE(arrives(ann, listener, "a/1", "x", qos)) << qos;
    }
}

TEST(GovernedTopics, DropSilentlyForAnOlderClientAndKeepItsConnection) {
    GovernedBroker broker({.config = one_a_day + quota_rule("a/#")});
    Listener listener(broker);
    RawClient ann(broker.port(), {.version = 4, .client_id = "old", .user = "ann"});
    EXPECT_TRUE(arrives(ann, listener, "a/0"));
    for (const int qos : {0, 1, 2}) {
        EXPECT_FALSE(arrives(ann, listener, "a/1", "x", qos)) << qos;
    }
    ann.ping();
}

// A client that may publish nothing at all.
const std::string nothing = rule(
    "topic = \"#\"\ngovernor = \"entitlement/main\"\nrequest = { feature = \"nothing\" }\n"
    "users = [\"mute*\"]\nunmapped = \"deny\"");

TEST(GovernedTopics, AreNeverWillsReplaysAndFlyballsOwn) {
    GovernedBroker broker({.config = nothing});
    RawClient ann(broker.port(), user("ann"));
    EXPECT_EQ(ann.publish("kept", "old", 1, true), 0);
    Listener listener(broker, "last/will");
    RawClient mute(broker.port(), user("mute"));
    EXPECT_EQ(mute.publish("any"), not_authorized);
    EXPECT_EQ(mute.subscribe("kept"), 0);
    EXPECT_EQ(mute.receive(), (Arrived{"kept", "old"}));
    EXPECT_EQ(mute.publish("flyball/v1/test/node/quota/main/request", R"({"tenant":"mute"})"), 0);
    {
        const RawClient dying(broker.port(),
                              {.client_id = "dying", .user = "mute", .will_topic = "last/will"});
    }
    EXPECT_EQ(listener.receive(), (Arrived{"last/will", "will"}));
}

// Two nodes in one broker: a rule of the one is about everything, and not about the other.
TEST(GovernedTopics, AreNeverThoseOfAnotherNodeInTheBroker) {
    GovernedBroker broker({.config = rule("topic = \"#\"\ngovernor = \"entitlement/main\"\n"
                                          "request = { feature = \"nothing\" }\n"
                                          "unmapped = \"deny\""),
                           .second = "mqtt.prefix = \"acme/v1\"\n"});
    RawClient ann(broker.port(), user("ann"));
    EXPECT_EQ(ann.publish("acme/v2"), not_authorized);
    const std::string replies = "acme/v1/reply/ann";
    ASSERT_EQ(ann.subscribe(replies), 0);
    EXPECT_EQ(ann.publish("acme/v1/test/second/quota/main/request",
                          R"({"tenant":"ann","reply_to":")" + replies + "\"}"),
              0);
    EXPECT_EQ(Json::parse(ann.receive().payload).at("decision"), "allow");
}

// What comes in over a bridge that this broker has begun passes; the broker at its other end would
// govern it, for there the bridge is a client like any.
TEST(GovernedTopics, AreNotWhatABridgeBringsToItsOwnBroker) {
    const Broker far;
    GovernedBroker broker(
        {.config = rule("topic = \"#\"\ngovernor = \"entitlement/main\"\n"
                        "request = { feature = \"nothing\" }\nunmapped = \"deny\""),
         .broker = "connection far\naddress 127.0.0.1:" + std::to_string(far.port()) +
                   "\ntopic bridged/# in 1\nnotifications false\n"});
    RawClient listener(broker.port(), user("listener"));
    ASSERT_EQ(listener.subscribe("bridged/#"), 0);
    RawClient ann(far.port(), user("ann"));
    // Until the bridge stands nobody takes it further; retained, it is there when it does.
    EXPECT_EQ(ann.publish("bridged/1", "over", 1, true), 0);
    EXPECT_EQ(listener.receive(), (Arrived{"bridged/1", "over"}));
}

TEST(GovernedTopics, TakeOtherRulesWithAReload) {
    GovernedBroker broker({.config = one_a_day + quota_rule("a")});
    RawClient ann(broker.port(), user("ann"));
    EXPECT_EQ(ann.publish("a"), 0);
    EXPECT_EQ(ann.publish("a"), not_authorized);
    broker.write_config(one_a_day + quota_rule("b"));
    EXPECT_EQ(broker.ask("control", {{"op", "reload"}}).at("decision"), "ok");
    EXPECT_EQ(ann.publish("a"), 0);
    EXPECT_EQ(ann.publish("b"), not_authorized);
    // A bad rule leaves the old ones in force.
    broker.write_config(one_a_day + quota_rule("$SYS/#"));
    const Json refused = broker.ask("control", {{"op", "reload"}});
    EXPECT_EQ(refused.at("decision"), "error") << refused;
    EXPECT_EQ(ann.publish("b"), not_authorized);
}

TEST(LoopbackConnection, IsMissedInTheLogWhenItLeadsToAnotherBroker) {
    Broker other;
    GovernedBroker broker(
        {.config = "state.durability = \"commit\"\nmqtt.broker = \"" + other.address() + "\"\n"});
    // Until the connection to the other one is there nothing can be missed.
    for (int id = 0; broker.log().find("is mqtt.broker this broker") == std::string::npos; ++id) {
        ASSERT_LT(id, 1'000) << broker.log();
        EXPECT_EQ(broker.ask("quota/main/request", {{"tenant", "a"}, {"id", id}}).at("decision"),
                  "allow");
    }
}

}  // namespace
}  // namespace flyball::testing
