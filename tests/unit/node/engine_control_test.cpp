// The control topic at message level, and the supervisor's edge that its `fault` shows.

#include <gtest/gtest.h>

#include <optional>

#include "node/control.h"
#include "tests/unit/node/asked_engine.h"

namespace flyball {
namespace {

class Daemon final : public ControlledNode {
public:
    void drain() override { ++drains; }
    void set_time(Instant at) override { time = at; }
    Reloaded reload(bool) override { return reloaded; }
    void governors_changed() override { ++changes; }
    void trace(Trace asked) override { traced = std::move(asked); }
    void profile(Deferred asked) override { profiled = std::move(asked); }
    void snapshot(Deferred asked) override { snapshots.push_back(std::move(asked)); }
    Reloaded reloaded;
    std::optional<Trace> traced;
    std::optional<Deferred> profiled;
    std::vector<Deferred> snapshots;
    int changes = 0;
    int drains = 0;
    std::optional<Instant> time;
};

struct Controlled {
    explicit Controlled(Control::Options options = {.allow = {"*"}, .allow_faults = true})
        : control(node.engine(), daemon, std::move(options)) {
        node.engine().set_control(&control);
    }
    Json ask(const Json& payload) { return node.ask("control", payload); }

    AskedEngine node;
    Daemon daemon;
    Control control;
};

TEST(ControlTopic, IsAnsweredOnControlReplyOrTheResponseTopic) {
    Controlled node;
    const std::string topic = below_root("control");
    const Sent plain = node.node.one({.topic = topic, .payload = R"({"op":"list","cid":3})"});
    EXPECT_EQ(plain.topic, below_root("control/reply"));
    EXPECT_EQ(plain.json().at("governor"), "node");
    EXPECT_EQ(plain.json().at("decision"), "ok");
    EXPECT_EQ(plain.json().at("allowed"), true);
    EXPECT_EQ(plain.json().at("cid"), 3);
    const Sent directed = node.node.one({.topic = topic,
                                         .payload = R"({"op":"list"})",
                                         .response_topic = "app/reply/1",
                                         .has_response_topic = true});
    EXPECT_EQ(directed.topic, "app/reply/1");
    const Sent refused = node.node.one({.topic = topic,
                                        .payload = R"({"op":"drain"})",
                                        .response_topic = "home/x",
                                        .has_response_topic = true});
    EXPECT_EQ(refused.topic, below_root("control/reply"));
    EXPECT_EQ(refused.json().at("reason"), "bad_reply_topic");
    EXPECT_EQ(refused.json().at("governor"), "node");
    EXPECT_EQ(node.daemon.drains, 0);
}

TEST(ControlTopic, ListsGovernorsInPages) {
    Controlled node;
    for (const char* name : {"a", "b", "c"}) {
        ASSERT_TRUE(
            node.node.engine().registry().add("quota", name, Tree{}, node.node.now()).has_value());
    }
    const Json all = node.ask({{"op", "list"}});
    ASSERT_EQ(all.at("governors").size(), 4U);
    EXPECT_EQ(all.at("governors")[0].at("name"), "a");
    EXPECT_EQ(all.at("governors")[3].at("name"), "main");
    for (const char* key : {"type", "status", "policy_rev", "tenants", "memory_bytes", "seq",
                            "ring_used", "ring_capacity", "ids_used", "ids_capacity", "allow"}) {
        EXPECT_TRUE(all.at("governors")[0].contains(key)) << key;
    }
    const Json page = node.ask({{"op", "list"}, {"after", "quota/a"}, {"max", 2}});
    ASSERT_EQ(page.at("governors").size(), 2U);
    EXPECT_EQ(page.at("governors")[0].at("name"), "b");
    EXPECT_EQ(node.ask({{"op", "list"}, {"max", 201}}).at("field"), "max");
    EXPECT_EQ(node.ask({{"op", "list"}, {"max", 0}}).at("reason"), "bad_field");
}

TEST(ControlTopic, SetsTheTimeAndDrains) {
    Controlled node;
    EXPECT_EQ(node.ask({{"op", "set_time"}}).at("reason"), "missing_field");
    EXPECT_EQ(node.ask({{"op", "set_time"}, {"at", -1}}).at("reason"), "bad_field");
    EXPECT_FALSE(node.daemon.time.has_value());
    EXPECT_EQ(node.ask({{"op", "set_time"}, {"at", 1767225600000}}).at("decision"), "ok");
    EXPECT_EQ(node.daemon.time, instant_from_ms(1767225600000));
    EXPECT_EQ(node.ask({{"op", "drain"}}).at("decision"), "ok");
    EXPECT_EQ(node.daemon.drains, 1);
}

TEST(ControlTopic, LeavesTheAnswerToASnapshotToTheNode) {
    Controlled node;
    const std::string topic = below_root("control");
    EXPECT_TRUE(
        node.node.handle({.topic = topic, .payload = R"({"op":"snapshot","cid":5})"}).empty());
    ASSERT_EQ(node.daemon.snapshots.size(), 1U);
    EXPECT_EQ(node.daemon.snapshots.front().topic, below_root("control/reply"));
    EXPECT_EQ(node.ask({{"op", "snapshot"}, {"dry_run", true}}).at("decision"), "ok");
    EXPECT_EQ(node.daemon.snapshots.size(), 1U);
}

TEST(ControlTopic, KeepsTheTraceContextForALaterAnswer) {
    Controlled node;
    const std::string topic = below_root("control");
    node.node.handle({.topic = topic,
                      .payload = R"({"op":"snapshot","traceparent":"in-the-payload"})",
                      .traceparent = "a-property"});
    ASSERT_EQ(node.daemon.snapshots.size(), 1U);
    EXPECT_EQ(node.daemon.snapshots.front().traceparent, "a-property");
}

// A filter that is not understood is no filter: it must not show everybody's history.
TEST(ControlTopic, RefusesATenantThatIsNone) {
    Controlled node;
    for (const Json& tenant : {Json(42), Json("")}) {
        const Json reply =
            node.ask({{"op", "history"}, {"governor", "quota/main"}, {"tenant", tenant}});
        EXPECT_EQ(reply.at("reason"), "bad_field") << reply;
        EXPECT_EQ(reply.at("field"), "tenant") << reply;
    }
}

TEST(ControlTopic, LeavesNoFaultBehindForAGovernorOfTheSameName) {
    Controlled node;
    const Json add = {{"op", "add_governor"}, {"type", "quota"}, {"name", "x"}};
    const Json remove = {
        {"op", "remove_governor"}, {"type", "quota"}, {"name", "x"}, {"purge", true}};
    for (int life = 0; life < 8; ++life) {  // one of them will have the address of another
        ASSERT_EQ(node.ask(add).at("decision"), "ok");
        EXPECT_EQ(node.node.ask("quota/x/request", {{"tenant", "t"}}).at("decision"), "allow");
        ASSERT_EQ(node.ask({{"op", "fault"}, {"governor", "quota/x"}}).at("decision"), "ok");
        ASSERT_EQ(node.ask(remove).at("decision"), "ok");
    }
}

TEST(ControlTopic, RefusesWhatItDoesNotKnowOrMayNot) {
    Controlled node({.allow = {"list"}, .allow_faults = true});
    const Json unknown = node.ask({{"op", "fly"}});
    EXPECT_EQ(unknown.at("reason"), "unknown_op");
    EXPECT_FALSE(unknown.at("supported").empty());
    EXPECT_EQ(node.ask({{"op", "drain"}}).at("reason"), "not_permitted");
    EXPECT_EQ(node.daemon.drains, 0);
    EXPECT_EQ(node.ask({{"op", "list"}}).at("decision"), "ok");
    Controlled careful({.allow = {"*"}, .allow_faults = false});
    EXPECT_EQ(careful.ask({{"op", "fault"}, {"governor", "quota/main"}}).at("reason"),
              "not_permitted");
}

TEST(ControlTopic, KnowsMustIgnoredBriefAndDryRunToo) {
    Controlled node;
    EXPECT_EQ(node.ask({{"op", "drain"}, {"must", Json::array({"warp"})}}).at("reason"),
              "unsupported");
    EXPECT_EQ(
        node.ask({{"op", "reload"}, {"must", {"check_only"}}, {"check_only", true}}).at("reason"),
        "unsupported");
    EXPECT_EQ(
        node.ask({{"op", "set_time"}, {"at", 1767225600000}, {"dry_run", true}}).at("dry_run"),
        true);
    EXPECT_EQ(node.ask({{"op", "drain"}, {"dry_run", true}}).at("decision"), "ok");
    EXPECT_EQ(node.daemon.drains, 0);
    EXPECT_FALSE(node.daemon.time.has_value());
    EXPECT_EQ(node.ask({{"op", "list"}, {"must", {"after", "batch"}}, {"colour", 1}, {"x_a", 2}})
                  .at("ignored"),
              Json({"colour"}));
    const Json brief = node.ask({{"op", "list"}, {"brief", true}, {"cid", 1}});
    EXPECT_EQ(brief, Json({{"cid", 1}, {"allowed", true}, {"decision", "ok"}}));
}

TEST(ControlTopic, NamesNoKeyAsIgnoredBeforeTheFieldsWereRead) {
    Controlled node({.allow = {"list", "fault"}, .allow_faults = false});
    for (const Json& request :
         {Json{{"op", "drain"}, {"colour", 1}}, Json{{"op", "fly"}, {"colour", 1}},
          Json{{"op", "fault"}, {"governor", "quota/main"}},
          Json{{"op", "list"}, {"must", Json::array({"warp"})}, {"after", "a"}}}) {
        const Json reply = node.ask(request);
        EXPECT_EQ(reply.at("decision"), "error") << request;
        EXPECT_FALSE(reply.contains("ignored")) << reply;
    }
    const Json wrong = node.ask({{"op", "list"}, {"max", 0}, {"colour", 1}});
    EXPECT_EQ(wrong.at("ignored"), Json({"colour"}));
}

TEST(ControlTopic, CountsItsErrorsWithThoseOfTheNode) {
    Controlled node;
    node.ask({{"op", "list"}});
    EXPECT_EQ(node.node.engine().counts().errors, 0U);
    node.ask({{"op", "fly"}});
    node.ask(Json::array({{{"op", "list"}}, {{"op", "set_time"}}}));
    EXPECT_EQ(node.node.engine().counts().errors, 2U);
    EXPECT_EQ(node.node.engine().counts().requests, 4U);
}

TEST(GovernorDown, IsTheAnswerToThatRequestAlone) {
    Controlled node;
    EXPECT_EQ(node.ask({{"op", "fault"}, {"governor", "quota/nobody"}}).at("reason"),
              "unknown_governor");
    EXPECT_EQ(node.ask({{"op", "fault"}, {"governor", "quota/main"}}).at("decision"), "ok");
    const Json replies = node.node.ask(
        Json::array({{{"tenant", "a"}, {"id", 1}, {"cid", 2}}, {{"tenant", "a"}, {"id", 1}}}));
    EXPECT_EQ(replies[0].at("reason"), "governor_down");
    EXPECT_EQ(replies[0].at("decision"), "error");
    EXPECT_EQ(replies[0].at("id"), 1);
    EXPECT_EQ(replies[0].at("cid"), 2);
    EXPECT_EQ(replies[0].at("tenant"), "a");
    EXPECT_FALSE(replies[0].contains("seq"));
    EXPECT_EQ(replies[1].at("decision"), "allow");
    EXPECT_FALSE(replies[1].contains("replayed")) << "what failed was not done";
}

}  // namespace
}  // namespace flyball
