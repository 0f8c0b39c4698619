// Where a reply goes, and where it never goes.

#include <gtest/gtest.h>

#include "tests/unit/node/asked_engine.h"

namespace flyball {
namespace {

const std::string request_topic = below_root("quota/main/request");
const std::string decision_topic = below_root("quota/main/decision");
const std::string some_request = R"({"tenant":"acme"})";

Message to_response_topic(std::string_view response_topic) {
    return {.topic = request_topic,
            .payload = some_request,
            .response_topic = response_topic,
            .has_response_topic = true};
}

TEST(ReplyTopic, IsTheResponseTopicWithItsCorrelationDataUntouched) {
    AskedEngine node;
    Message message = to_response_topic("flyball/v1/reply/acme/1");
    message.correlation_data = std::string_view("\0\xff\x01", 3);
    const Sent reply = node.one(message);
    EXPECT_EQ(reply.topic, "flyball/v1/reply/acme/1");
    EXPECT_EQ(reply.correlation_data, std::string("\0\xff\x01", 3));
    EXPECT_EQ(reply.json().at("decision"), "allow");
    EXPECT_FALSE(reply.retain);
}

TEST(ReplyTopic, IsTheDecisionTopicWhenNoneIsNamed) {
    AskedEngine node;
    EXPECT_EQ(node.one({.topic = request_topic, .payload = some_request}).topic, decision_topic);
    const std::string on_tenant = below_root("quota/main/request/a%2Fb");
    EXPECT_EQ(node.one({.topic = on_tenant, .payload = "{}"}).topic,
              below_root("quota/main/decision/a%2Fb"));
    const std::string admin = below_root("quota/main/admin");
    EXPECT_EQ(node.one({.topic = admin, .payload = some_request}).topic, decision_topic);
}

TEST(ReplyTopic, HasTheQosOfTheRequest) {
    AskedEngine node;
    for (const Qos qos : {Qos::at_most_once, Qos::at_least_once}) {
        EXPECT_EQ(node.one({.topic = request_topic, .payload = some_request, .qos = qos}).qos, qos);
    }
}

TEST(ReplyTopic, IsReplyToWhereNoResponseTopicCame) {
    AskedEngine node;
    EXPECT_EQ(node.one({.topic = request_topic,
                        .payload = R"({"tenant":"acme","reply_to":"clients/7/in"})"})
                  .topic,
              "clients/7/in");
    EXPECT_EQ(
        node.one({.topic = request_topic, .payload = R"([{"tenant":"a","reply_to":"x/reply/1"},
                                       {"tenant":"b","reply_to":"x/reply/2"}])"})
            .topic,
        "x/reply/1")
        << "of a batch: in its first entry";
    EXPECT_EQ(node.one({.topic = request_topic,
                        .payload = R"([{"tenant":"a"},{"tenant":"b","reply_to":"x/reply/2"}])"})
                  .topic,
              decision_topic);
}

TEST(ReplyTopic, AllowedToOneRequestIsRefusedToAnotherTenantsAllTheSame) {
    AskedEngine node;
    const std::string of_acme = "flyball/v1/reply/acme/1";
    EXPECT_EQ(node.one(to_response_topic(of_acme)).topic, of_acme);
    EXPECT_EQ(node.one(to_response_topic(of_acme)).topic, of_acme);
    const std::string on_tenant = below_root("quota/main/request/zenith");
    Message message = to_response_topic(of_acme);
    message.topic = on_tenant;
    message.payload = "{}";
    const Sent refused = node.one(message);
    EXPECT_EQ(refused.topic, below_root("quota/main/decision/zenith"));
    EXPECT_EQ(refused.json().at("reason"), "bad_reply_topic");
}

TEST(ReplyTopic, LooksAtNoReplyToBesideAResponseTopic) {
    AskedEngine node;
    for (const char* payload :
         {R"({"tenant":"acme","reply_to":"$SYS/x"})",
          R"({"tenant":"acme","reply_to":"app/reply/2"})", R"({"tenant":"acme","reply_to":7})"}) {
        Message message = to_response_topic("app/reply/1");
        message.payload = payload;
        const Sent reply = node.one(message);
        EXPECT_EQ(reply.topic, "app/reply/1") << payload;
        EXPECT_EQ(reply.json().at("decision"), "allow") << payload;
    }
    EXPECT_TRUE(node.refused().empty());
}

TEST(ReplyTopic, OfAWrongFormIsAFaultAnsweredOnTheDecisionTopic) {
    AskedEngine node;
    for (const char* payload :
         {R"({"tenant":"acme","reply_to":7})", R"({"tenant":"acme","reply_to":null})"}) {
        const Sent reply = node.one({.topic = request_topic, .payload = payload});
        EXPECT_EQ(reply.topic, decision_topic);
        EXPECT_EQ(reply.json().at("reason"), "bad_field");
        EXPECT_EQ(reply.json().at("field"), "reply_to");
    }
    EXPECT_EQ(node.used("acme"), 0);
}

// Rows of the rule of docs/protocol.md: below <prefix>/reply/, or as mqtt.reply_prefixes allows.
struct Row {
    const char* topic;
    bool allowed;
};
const Row rows[] = {
    {"flyball/v1/reply/x", true},
    {"flyball/v1/reply/acme/1/2", true},
    {"app/reply/1", true},
    {"reply/1", true},
    {"a/b/response/c", true},
    {"clients/7", true},
    {"flyball/v2/reply/1", true},
    {"flyball/v1/reply/", false},
    {"flyball/v1/eu-west/pi-7/quota/main/request", false},
    {"flyball/v1/eu-west/pi-7/quota/main/admin", false},
    {"flyball/v1/eu-west/pi-7/control", false},
    {"flyball/v1/eu-west/pi-7/control/reply/1", false},
    {"flyball/v1/eu-west/reply/health", false},
    {"homeassistant/switch/set", false},
    {"app/replies/1", false},
    {"xclients/7", false},
    {"app/reply/+", false},
    {"app/reply/#", false},
    {"$SYS/reply/1", false},
    {"$share/g/reply/1", false},
    {"", false},
};

void expect_refused(AskedEngine& node, const Sent& reply, const char* topic) {
    EXPECT_EQ(reply.topic, decision_topic) << topic;
    EXPECT_EQ(reply.json().at("reason"), "bad_reply_topic") << topic;
    EXPECT_EQ(reply.json().at("decision"), "error") << topic;
    EXPECT_EQ(reply.json().at("governor"), "quota/main") << topic;
    EXPECT_EQ(node.refused().back(), topic);
}

TEST(ReplyTopic, IsRefusedNeverFallenBackFromWhenTheResponseTopicIsNotAllowed) {
    for (const Row& row : rows) {
        AskedEngine node;
        Message message = to_response_topic(row.topic);
        message.correlation_data = "c";
        const Sent reply = node.one(message);
        if (row.allowed) {
            EXPECT_EQ(reply.topic, row.topic);
        } else {
            expect_refused(node, reply, row.topic);
            EXPECT_EQ(node.used("acme"), 0) << "not executed";
        }
        EXPECT_EQ(reply.correlation_data, "c");
    }
}

TEST(ReplyTopic, IsRefusedAlikeWhenItIsAReplyTo) {
    for (const Row& row : rows) {
        AskedEngine node;
        const std::string payload =
            Json{{"tenant", "acme"}, {"cid", 5}, {"reply_to", row.topic}}.dump();
        const Sent reply = node.one({.topic = request_topic, .payload = payload});
        if (row.allowed) {
            EXPECT_EQ(reply.topic, row.topic);
        } else {
            expect_refused(node, reply, row.topic);
            EXPECT_EQ(reply.json().at("cid"), 5) << "there is no Correlation Data to match by";
            EXPECT_EQ(node.used("acme"), 0);
        }
    }
}

TEST(ReplyTopic, WithWhatNoTopicHasIsRefusedAndNothingIsExecuted) {
    using namespace std::string_literals;
    for (const std::string& wanted :
         {"app/reply/\0"s, "app/reply/a\0b"s, "app/reply/\xff"s, "app/reply/\xed\xa0\x80"s,
          "app/reply/\x01"s, "clients/" + std::string(65'527, 'x'), std::string(65'535, '/'),
          "clients/"s + "+/x", "#"s, request_topic, decision_topic, below_root("admit/request"),
          below_root("event"), "flyball/v1/reply/../control"s + "/#"}) {
        AskedEngine node;
        const Sent by_property = node.one(to_response_topic(wanted));
        EXPECT_EQ(by_property.topic, decision_topic);
        EXPECT_EQ(by_property.json().at("reason"), "bad_reply_topic");
        Json entry = {{"tenant", "acme"}, {"reply_to", "app/reply/1"}};
        const Json batch = Json::array({entry, {{"tenant", "acme"}, {"reply_to", "app/reply/2"}}});
        EXPECT_EQ(node.ask(batch).size(), 2U) << "one reply for all of a batch";
        EXPECT_EQ(node.used("acme"), 2) << "of the batch alone";
    }
}

TEST(ReplyTopic, HasAtMost256Bytes) {
    AskedEngine node;
    const std::string longest = "clients/" + std::string(248, 'x');
    EXPECT_EQ(node.one(to_response_topic(longest)).topic, longest);
    const std::string longer = longest + "x";
    EXPECT_EQ(node.one(to_response_topic(longer)).json().at("reason"), "bad_reply_topic");
}

TEST(ReplyTopic, OfATenantTopicIsTheTenantsOwn) {
    AskedEngine node;
    const std::string topic = below_root("quota/main/request/acme");
    const auto reply_topic_for = [&](std::string_view wanted) {
        return node
            .one({.topic = topic,
                  .payload = "{}",
                  .response_topic = wanted,
                  .has_response_topic = true})
            .topic;
    };
    const std::string own_decision = below_root("quota/main/decision/acme");
    EXPECT_EQ(reply_topic_for("flyball/v1/reply/acme/1"), "flyball/v1/reply/acme/1");
    EXPECT_EQ(reply_topic_for("clients/acme"), "clients/acme");
    for (const char* wanted : {"flyball/v1/reply/other/1", "flyball/v1/reply/acme",
                               "flyball/v1/reply/acme2/1", "flyball/v1/reply/1"}) {
        EXPECT_EQ(reply_topic_for(wanted), own_decision) << wanted;
    }
}

TEST(ReplyTopic, OfATenantLevelThatNobodyCanHaveIsNobodysReply) {
    for (const char* level : {"a%2fb", "%41", "$x", "a%", ""}) {
        AskedEngine node;
        const std::string topic = below_root("quota/main/request/") + level;
        const Sent stray = node.one({.topic = topic,
                                     .payload = "{}",
                                     .response_topic = "flyball/v1/reply/acme/1",
                                     .has_response_topic = true});
        EXPECT_EQ(stray.topic, decision_topic) << level;
        EXPECT_EQ(stray.json().at("reason"), "bad_reply_topic") << level;
        const Sent plain = node.one({.topic = topic, .payload = R"({"id":1,"cid":2})"});
        EXPECT_EQ(plain.topic, decision_topic) << level;
        EXPECT_EQ(plain.json().at("reason"), "bad_field") << level;
        EXPECT_EQ(plain.json().at("field"), "tenant") << level;
        EXPECT_EQ(plain.json().at("cid"), 2) << level;
        EXPECT_EQ(node.engine().registry().find("quota", "main")->tenants(), 0U);
    }
}

TEST(ReplyTopic, FollowsTheConfiguredPrefixes) {
    Engine::Options options = AskedEngine::settings();
    options.reply_prefixes = {"home/"};
    AskedEngine node(options);
    EXPECT_EQ(node.one(to_response_topic("home/kitchen")).topic, "home/kitchen");
    EXPECT_EQ(node.one(to_response_topic("clients/7")).json().at("reason"), "bad_reply_topic");
    EXPECT_EQ(node.one(to_response_topic("flyball/v1/reply/1")).topic, "flyball/v1/reply/1");
}

}  // namespace
}  // namespace flyball
