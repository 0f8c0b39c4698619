// Batches: each entry on its own, in order, an error in its place, and others get their turn.

#include <gtest/gtest.h>

#include "tests/unit/node/asked_engine.h"

namespace flyball {
namespace {

const std::string request_topic = below_root("quota/main/request");

TEST(Batch, IsAnsweredInOrderWithErrorsInTheirPlaces) {
    AskedEngine node;
    const Json reply = node.ask(Json::array({{{"tenant", "a"}, {"cid", 0}},
                                             7,
                                             {{"tenant", "a"}, {"op", "fly"}, {"cid", 2}},
                                             nullptr,
                                             {{"cid", 4}},
                                             Json::array(),
                                             {{"tenant", "a"}, {"hits", 2}, {"cid", 6}}}));
    ASSERT_EQ(reply.size(), 7U);
    EXPECT_EQ(reply[0].at("used"), 1);
    for (const std::size_t place : {std::size_t{1}, std::size_t{3}, std::size_t{5}}) {
        EXPECT_EQ(reply[place].at("reason"), "malformed") << place;
        EXPECT_EQ(reply[place].at("governor"), "quota/main");
    }
    EXPECT_EQ(reply[2].at("reason"), "unknown_op");
    EXPECT_EQ(reply[4].at("reason"), "missing_field");
    EXPECT_EQ(reply[6].at("used"), 3) << "not atomic: the errors before change nothing";
    for (const int cid : {0, 2, 4, 6}) {
        EXPECT_EQ(reply[static_cast<std::size_t>(cid)].at("cid"), cid);
    }
}

TEST(Batch, KeepsItsShape) {
    AskedEngine node;
    EXPECT_EQ(node.one({.topic = request_topic, .payload = "[]"}).payload, "[]");
    EXPECT_EQ(node.one({.topic = request_topic, .payload = "\x90"}).payload, "\x90");
    EXPECT_EQ(node.ask(Json::array({{{"tenant", "a"}}})).size(), 1U);
    const std::string msgpack = packed(Json::array({{{"tenant", "a"}}, 7}));
    const Json reply = node.one({.topic = request_topic, .payload = msgpack}).msgpack();
    EXPECT_EQ(reply.at(0).at("decision"), "allow");
    EXPECT_EQ(reply.at(1).at("reason"), "malformed");
}

TEST(Batch, WhoseRepliesGetTooLongIsDecidedToThereAndNoFurther) {
    AskedEngine node;
    ASSERT_TRUE(node.engine().registry().add("entitlement", "main", Tree(), node.now()));
    for (int i = 0; i < 256; ++i) {
        node.ask("entitlement/main/admin", {{"op", "grant"},
                                            {"tenant", "a"},
                                            {"feature", std::string(60, 'f') + std::to_string(i)}});
    }
    Json batch = Json(std::vector<Json>(1000, {{"tenant", "a"}, {"op", "get"}}));
    batch.push_back({{"tenant", "b"}, {"op", "check"}, {"feature", "basic"}});
    const std::string topic = below_root("entitlement/main/request");
    const std::string payload = batch.dump();
    const Sent sent = node.one({.topic = topic, .payload = payload});
    const std::size_t most = reply_bytes_of_entry * node.engine().limits().batch;
    EXPECT_GT(sent.payload.size(), most);
    EXPECT_LT(sent.payload.size(), most + 300 * batch.size());
    const Json replies = sent.json();
    ASSERT_EQ(replies.size(), batch.size());
    EXPECT_EQ(replies.front().at("decision"), "ok");
    EXPECT_EQ(replies.back().at("decision"), "error");
    EXPECT_EQ(replies.back().at("reason"), "too_large");
    EXPECT_FALSE(replies.back().at("message").get<std::string>().empty());
    EXPECT_EQ(node.engine().counts().requests, 256 + batch.size());
    EXPECT_EQ(node.ask("entitlement/main/request", {{"tenant", "b"}, {"feature", "basic"}})
                  .at("decision"),
              "allow")
        << "asked again, it is decided";
}

TEST(Batch, RemembersTheIdOfEachEntry) {
    AskedEngine node;
    const Json twice = Json::array({{{"tenant", "a"}, {"id", 1}}, {{"tenant", "a"}, {"id", 1}}});
    const Json reply = node.ask(twice);
    EXPECT_FALSE(reply[0].contains("replayed"));
    EXPECT_EQ(reply[1].at("replayed"), true);
    EXPECT_EQ(node.ask({{"tenant", "a"}, {"id", 1}}).at("replayed"), true);
    EXPECT_EQ(node.used("a"), 1);
}

TEST(Batch, LetsOthersHaveATurnAfter64Entries) {
    AskedEngine node;
    const Json entry = {{"tenant", "big"}, {"brief", true}};
    node.ask(Json(std::vector<Json>(64, entry)));
    EXPECT_EQ(node.breaths(), 0);
    node.ask(Json(std::vector<Json>(65, entry)));
    EXPECT_EQ(node.breaths(), 1);
    node.ask(Json(std::vector<Json>(1024, entry)));
    EXPECT_EQ(node.breaths(), 1 + 15);
}

TEST(Batch, AnswersWhoeverIsServedInBetweenFirst) {
    AskedEngine node;
    Json small_reply;
    node.on_breath([&] {
        if (node.breaths() == 1) {
            small_reply = node.ask({{"tenant", "small"}, {"hits", 5}});
        }
    });
    const std::string payload =
        Json(std::vector<Json>(130, {{"tenant", "big"}, {"cid", "c"}})).dump();
    const std::vector<Sent> sent = node.handle({.topic = request_topic, .payload = payload});
    ASSERT_EQ(sent.size(), 2U);
    EXPECT_EQ(small_reply.at("used"), 5);
    const Json big = sent.back().json();
    ASSERT_EQ(big.size(), 130U);
    for (std::size_t i = 0; i < big.size(); ++i) {
        EXPECT_EQ(big[i].at("used"), i + 1);
        EXPECT_EQ(big[i].at("cid"), "c");
    }
    EXPECT_EQ(big[63].at("seq"), 64);
    EXPECT_EQ(small_reply.at("seq"), 65);
    EXPECT_EQ(big[64].at("seq"), 66);
}

TEST(Batch, NestsAsDeepAsTheEngineSays) {
    AskedEngine node;
    const std::string payload = Json(std::vector<Json>(65, {{"tenant", "t"}})).dump();
    std::size_t deepest = 0;
    std::size_t depth = 1;
    node.on_breath([&] {
        deepest = std::max(deepest, depth);
        if (node.engine().can_go_deeper()) {
            ++depth;
            node.handle({.topic = request_topic, .payload = payload});
            --depth;
        }
    });
    const std::vector<Sent> sent = node.handle({.topic = request_topic, .payload = payload});
    EXPECT_EQ(deepest, Engine::depth_max);
    ASSERT_EQ(sent.size(), Engine::depth_max);
    for (const Sent& reply : sent) {
        EXPECT_EQ(reply.json().size(), 65U);
    }
    EXPECT_EQ(node.used("t"), static_cast<std::int64_t>(65 * Engine::depth_max));
}

// What one window allows is allowed once, also when the window changes while others are served.
TEST(Batch, GoesOnInTheTimeOfThoseWhoWereServedInBetween) {
    Tree::Map rule{{"limit", Tree(std::int64_t{70})}, {"window", Tree(std::string("1s"))}};
    AskedEngine node(AskedEngine::settings(),
                     {{"resources", Tree(Tree::Map{{"api_calls", Tree(std::move(rule))}})}});
    node.on_breath([&] {
        node.pass(Span{1000});
        node.ask({{"tenant", "t"}, {"hits", 60}});
    });
    const std::string payload = Json(std::vector<Json>(100, {{"tenant", "t"}})).dump();
    const Json reply = node.handle({.topic = request_topic, .payload = payload}).back().json();
    std::int64_t allowed = 60;  // in the second window
    for (std::size_t i = 64; i < reply.size(); ++i) {
        EXPECT_GE(reply[i].at("at"), reply[i - 1].at("at")) << i;
        allowed += reply[i].at("decision") == "allow" ? 1 : 0;
    }
    EXPECT_EQ(allowed, 70);
    EXPECT_EQ(node.used("t"), 70);
}

TEST(Batch, IsNotDecidedByAGovernorThatIsGone) {
    AskedEngine node;
    for (const bool purge : {false, true}) {
        ASSERT_TRUE(node.engine()
                        .registry()
                        .add("quota", "other", Tree(Tree::Map{}), node.now())
                        .has_value());
        node.on_breath(
            [&] { node.engine().registry().remove("quota", "other", purge, node.now(), false); });
        const Json reply = node.ask("quota/other/request",
                                    Json(std::vector<Json>(80, {{"tenant", "t"}, {"cid", 7}})));
        ASSERT_EQ(reply.size(), 80U);
        EXPECT_EQ(reply[63].at("decision"), "allow");
        EXPECT_EQ(reply[64].at("reason"), "unknown_governor");
        EXPECT_EQ(reply[79].at("cid"), 7);
    }
}

TEST(Batch, IsNotDecidedByAGovernorThatIsDown) {
    AskedEngine node;
    Engine& engine = node.engine();
    Governor& governor = *engine.registry().find("quota/main");
    for (std::size_t i = 0; i < Supervisor::restarts_max; ++i) {
        engine.supervisor().arm_fault(governor);
        EXPECT_EQ(node.ask({{"tenant", "t"}}).at("reason"), "governor_down");
    }
    engine.supervisor().arm_fault(governor);
    const Json reply = node.ask(Json(std::vector<Json>(3, {{"tenant", "t"}, {"cid", 7}})));
    for (const Json& entry : reply) {
        EXPECT_EQ(entry.at("reason"), "governor_down");
        EXPECT_EQ(entry.at("cid"), 7);
    }
}

TEST(Batch, CountsItsEntriesAsRequests) {
    AskedEngine node;
    node.ask(Json::array({{{"tenant", "a"}}, 7, {{"tenant", "a"}, {"op", "fly"}}}));
    EXPECT_EQ(node.engine().counts().requests, 3U);
    EXPECT_EQ(node.engine().counts().errors, 2U);
}

TEST(Batch, IsOneErrorMapWhenItCannotBeReadOrNobodyAnswersThere) {
    AskedEngine node;
    const Json malformed =
        node.one({.topic = request_topic, .payload = R"([{"tenant":"a"},)"}).json();
    EXPECT_TRUE(malformed.is_object());
    EXPECT_EQ(node.used("a"), 0) << "decoded whole before anything of it is executed";
    const Json unknown = node.ask("quota/other/request", Json::array({{{"tenant", "a"}}}));
    EXPECT_EQ(unknown.at("reason"), "unknown_governor");
}

}  // namespace
}  // namespace flyball
