// What may be wrong with a message as a whole, in which order it is found out, and what time and
// topic make of it.

#include <gtest/gtest.h>

#include "tests/unit/node/asked_engine.h"

namespace flyball {
namespace {

const std::string request_topic = below_root("quota/main/request");
const std::string nobodys_topic = below_root("quota/nobody/request");
using namespace std::string_literals;

const std::string too_large = R"({"tenant":")" + std::string(2000, 't') + R"("})";
const std::string bad_reply_to = R"({"tenant":"a","reply_to":"$SYS/x","op":"fly"})";

Json reply_to(AskedEngine& node, const Message& message) {
    return node.one(message).json();
}

TEST(OrderOfMessageChecks, AnswersTheResponseTopicBeforeTheRetainFlag) {
    AskedEngine node;
    const Json reply = reply_to(node, {.topic = nobodys_topic,
                                       .payload = too_large,
                                       .retain = true,
                                       .response_topic = "home/x",
                                       .has_response_topic = true});
    EXPECT_EQ(reply.at("reason"), "bad_reply_topic");
}

TEST(OrderOfMessageChecks, AnswersTheRetainFlagBeforeThePayload) {
    AskedEngine node;
    EXPECT_EQ(
        reply_to(node, {.topic = nobodys_topic, .payload = too_large, .retain = true}).at("reason"),
        "retained");
}

TEST(OrderOfMessageChecks, AnswersThePayloadBeforeTheGovernor) {
    AskedEngine node;
    EXPECT_EQ(reply_to(node, {.topic = nobodys_topic, .payload = too_large}).at("reason"),
              "too_large");
    EXPECT_EQ(reply_to(node, {.topic = nobodys_topic, .payload = "{"}).at("reason"), "malformed");
    EXPECT_EQ(reply_to(node, {.topic = nobodys_topic, .payload = bad_reply_to}).at("reason"),
              "bad_reply_topic");
}

TEST(OrderOfMessageChecks, AnswersTheGovernorBeforeTheEntry) {
    AskedEngine node;
    const Json reply = reply_to(
        node, {.topic = nobodys_topic, .payload = R"({"op":7,"id":"i","cid":"c","tenant":"a"})"});
    EXPECT_EQ(reply.at("reason"), "unknown_governor");
    EXPECT_EQ(reply.at("governor"), "quota/nobody");
    EXPECT_EQ(reply.at("supported"), Json({"quota/main"}));
    EXPECT_EQ(reply.at("id"), "i");
    EXPECT_EQ(reply.at("cid"), "c");
    EXPECT_EQ(reply.at("tenant"), "a");
}

TEST(Retained, IsNeverExecuted) {
    AskedEngine node;
    const Json reply =
        reply_to(node, {.topic = request_topic, .payload = R"({"tenant":"acme"})", .retain = true});
    EXPECT_EQ(reply.at("reason"), "retained");
    EXPECT_EQ(node.used("acme"), 0);
    EXPECT_EQ(node.engine().counts().retained, 1U);
}

TEST(Retained, ThatIsEmptyClearsATopicAndIsIgnored) {
    AskedEngine node;
    EXPECT_TRUE(node.handle({.topic = request_topic, .retain = true}).empty());
    EXPECT_TRUE(node.handle({.topic = request_topic,
                             .retain = true,
                             .response_topic = "home/x",
                             .has_response_topic = true})
                    .empty());
    EXPECT_EQ(reply_to(node, {.topic = request_topic}).at("reason"), "malformed")
        << "an empty payload without the flag is a request";
}

TEST(Retained, IsIgnoredAndCountedWhereTheBrokerReplaysIt) {
    AskedEngine node;
    const Message message{
        .topic = request_topic, .payload = R"({"tenant":"acme"})", .retain = true};
    EXPECT_TRUE(node.handle(message, {.live_retain = false}).empty());
    EXPECT_EQ(node.engine().counts().retained, 1U);
    EXPECT_EQ(node.used("acme"), 0);
}

TEST(Expiry, DropsAndCountsWhatWaitedTooLong) {
    AskedEngine node;
    const Message message{.topic = request_topic, .payload = R"({"tenant":"acme"})", .expiry_s = 2};
    EXPECT_EQ(node.handle(message, {.waited_us = 1999'000}).size(), 1U);
    EXPECT_TRUE(node.handle(message, {.waited_us = 2001'000}).empty());
    const Message short_lived{.topic = request_topic,
                              .payload = R"({"tenant":"acme","ttl_ms":50})"};
    EXPECT_EQ(node.handle(short_lived, {.waited_us = 49'000}).size(), 1U);
    EXPECT_TRUE(node.handle(short_lived, {.waited_us = 51'000}).empty());
    EXPECT_EQ(node.engine().counts().expired, 2U);
    EXPECT_EQ(node.used("acme"), 2);
}

TEST(Expiry, TakesTheShorterOfBoth) {
    AskedEngine node;
    Message message{
        .topic = request_topic, .payload = R"({"tenant":"acme","ttl_ms":50})", .expiry_s = 60};
    EXPECT_TRUE(node.handle(message, {.waited_us = 51'000}).empty());
    message.payload = R"({"tenant":"acme","ttl_ms":50000})";
    message.expiry_s = 1;
    EXPECT_TRUE(node.handle(message, {.waited_us = 1001'000}).empty());
}

TEST(TraceContext, IsCopiedToTheReplyTheWayItCame) {
    AskedEngine node;
    const std::string parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    const Sent by_property = node.one({.topic = request_topic,
                                       .payload = R"({"tenant":"acme"})",
                                       .traceparent = parent,
                                       .tracestate = "a=1"});
    EXPECT_EQ(by_property.traceparent, parent);
    EXPECT_EQ(by_property.tracestate, "a=1");
    EXPECT_FALSE(by_property.json().contains("traceparent"));
    const Json by_payload =
        node.ask({{"tenant", "acme"}, {"traceparent", parent}, {"tracestate", "a=1"}});
    EXPECT_EQ(by_payload.at("traceparent"), parent);
    EXPECT_EQ(by_payload.at("tracestate"), "a=1");
    EXPECT_FALSE(by_payload.contains("ignored"));
    const Json error = node.ask({{"tenant", "acme"}, {"op", "fly"}, {"traceparent", parent}});
    EXPECT_EQ(error.at("traceparent"), parent);
    const Sent malformed =
        node.one({.topic = request_topic, .payload = "{", .traceparent = parent});
    EXPECT_EQ(malformed.traceparent, parent);
}

TEST(TenantTopic, MayLeaveTheTenantOut) {
    AskedEngine node;
    const Json reply = node.ask("quota/main/request/acme", Json::object());
    EXPECT_EQ(reply.at("tenant"), "acme");
    EXPECT_EQ(node.ask("quota/main/request/acme", {{"tenant", "acme"}}).at("used"), 2);
    EXPECT_EQ(node.ask("quota/main/request/acme", {{"tenant", "b"}}).at("reason"),
              "tenant_mismatch");
    EXPECT_EQ(node.ask("quota/main/request/acme", {{"op", "reset"}}).at("reason"), "not_permitted");
}

TEST(TenantTopic, DecodesTheTenantItNames) {
    AskedEngine node;
    struct Row {
        const char* level;
        const char* tenant;
    };
    for (const Row& row :
         {Row{"a%2Fb", "a/b"}, Row{"%24SYS", "$SYS"}, Row{"a$b", "a$b"}, Row{"50%25", "50%"},
          Row{"%2B%23", "+#"}, Row{"zo\xc3\xab", "zo\xc3\xab"}, Row{"a b", "a b"}}) {
        const std::string below = std::string("quota/main/request/") + row.level;
        EXPECT_EQ(node.ask(below, {{"tenant", row.tenant}}).at("tenant"), row.tenant);
        EXPECT_EQ(node.used(row.tenant), 1);
    }
}

TEST(OtherTopics, ChangeNothingAndAreNotAnswered) {
    AskedEngine node;
    for (const char* below :
         {"quota/main/decision", "quota/main/event", "health", "trace", "control/reply",
          "quota/main", "quota/main/request/a/b", "quota/main/admin/acme", "_tick", "x", ""}) {
        const std::string topic = below_root(below);
        EXPECT_TRUE(node.handle({.topic = topic, .payload = R"({"tenant":"a"})"}).empty()) << below;
    }
    EXPECT_TRUE(node.handle({.topic = "flyball/v1/eu-west/pi-8/quota/main/request",
                             .payload = R"({"tenant":"a"})"})
                    .empty());
    EXPECT_EQ(node.engine().counts().requests, 0U);
}

TEST(TenantTopicsOnly, ClosesThePlainRequestTopics) {
    Engine::Options options = AskedEngine::settings();
    options.tenant_topics_only = true;
    AskedEngine node(options);
    EXPECT_TRUE(node.handle({.topic = request_topic, .payload = R"({"tenant":"a"})"}).empty());
    EXPECT_EQ(node.ask("quota/main/request/a", Json::object()).at("used"), 1);
    EXPECT_EQ(node.ask("quota/main/admin", {{"tenant", "a"}}).at("used"), 2);
}

TEST(AdminTopic, TakesEveryOp) {
    AskedEngine node;
    EXPECT_EQ(node.ask("quota/main/admin", {{"tenant", "a"}}).at("decision"), "allow");
    EXPECT_EQ(node.ask("quota/main/admin", {{"tenant", "a"}, {"op", "reset"}}).at("decision"),
              "ok");
    EXPECT_EQ(node.ask({{"tenant", "a"}, {"op", "reset"}}).at("reason"), "not_permitted");
}

TEST(Overloaded, CarriesTheListedKeysAndTheCorrelationDataAlone) {
    AskedEngine node;
    for (const std::string& payload :
         {R"({"tenant":"acme","id":"i","cid":"c","brief":true})"s, packed({{"tenant", "acme"}})}) {
        const std::size_t before = node.sent().size();
        node.engine().refuse_overloaded({.topic = request_topic,
                                         .payload = payload,
                                         .response_topic = "app/reply/1",
                                         .has_response_topic = true,
                                         .correlation_data = "c-1"},
                                        node);
        ASSERT_EQ(node.sent().size(), before + 1);
        const Sent& sent = node.sent().back();
        const Json reply = payload[0] == '{' ? sent.json() : sent.msgpack();
        EXPECT_EQ(sent.topic, "app/reply/1");
        EXPECT_EQ(sent.correlation_data, "c-1");
        EXPECT_EQ(reply.size(), 5U) << reply;
        EXPECT_EQ(reply.at("governor"), "quota/main");
        EXPECT_EQ(reply.at("decision"), "error");
        EXPECT_EQ(reply.at("allowed"), false);
        EXPECT_EQ(reply.at("reason"), "overloaded");
        EXPECT_FALSE(reply.at("message").get<std::string>().empty());
    }
}

TEST(Overloaded, IsSaidToNobodyWhoIsNotAllowedToHearIt) {
    AskedEngine node;
    node.engine().refuse_overloaded({.topic = request_topic,
                                     .payload = "{}",
                                     .response_topic = "home/x",
                                     .has_response_topic = true},
                                    node);
    node.engine().refuse_overloaded({.topic = request_topic, .payload = "{}", .retain = true},
                                    node);
    const std::string health = below_root("health");
    node.engine().refuse_overloaded({.topic = health, .payload = "{}"}, node);
    EXPECT_TRUE(node.sent().empty());
}

}  // namespace
}  // namespace flyball
