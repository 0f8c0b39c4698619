// ask, watch and health of the operator's tool, against a real broker and a node of our making.

#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <fstream>
#include <thread>

#include "tests/build_tree.h"
#include "tests/e2e/broker.h"
#include "tests/e2e/fleet_responder.h"
#include "tests/unit/fleet/program.h"

namespace flyball::testing {
namespace {

const std::string root = "flyball/v1/eu-west/pi-7";

std::int64_t now_ms() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
}

struct Ran {
    int status;
    std::string out;
    std::string err;
};

class FleetVerbs : public ::testing::Test {
protected:
    std::unique_ptr<Program> start(std::vector<std::string> arguments,
                                   const std::string& input = {}) const {
        arguments.insert(arguments.begin(), tool_program());
        return std::make_unique<Program>(
            arguments, std::vector<std::string>{"FLYBALL_MQTT_BROKER=" + broker_.address()}, input);
    }
    Ran flyball(std::vector<std::string> arguments, const std::string& input = {}) const {
        const auto program = start(std::move(arguments), input);
        const int status = program->wait();
        return {status, program->out(), program->err()};
    }
    void report(Responder& node, const std::string& name, const std::string& status,
                std::int64_t age_ms = 0) const {
        const Json health = {{"status", status},
                             {"at", now_ms() - age_ms},
                             {"interval_s", 60},
                             {"uptime_s", 7200},
                             {"new_key", 9007199254740993}};
        node.publish("flyball/v1/" + name + "/health", health.dump(), true);
    }

    Broker broker_;
};

std::optional<Json> silence(const Responder::Request&) {
    return std::nullopt;
}

std::optional<Json> decide(const Responder::Request& request) {
    const auto one = [&](const Json& entry) {
        const std::string decision = entry.value("want", "allow");
        Json reply = {{"tenant", entry.value("tenant", "")},
                      {"decision", decision},
                      {"allowed", decision == "allow"},
                      {"big", 9007199254740993}};
        if (decision != "allow") {
            reply["reason"] = decision == "deny" ? "quota_exceeded" : "bad_field";
        }
        return reply;
    };
    if (!request.payload.is_array()) {
        return one(request.payload);
    }
    Json replies = Json::array();
    for (const Json& entry : request.payload) {
        replies.push_back(one(entry));
    }
    return replies;
}

TEST_F(FleetVerbs, AskSendsMsgpackAndExitsByTheDecision) {
    Responder node(broker_.address(), root, decide);
    const Ran allowed =
        flyball({"ask", "eu-west/pi-7", "quota/main", "tenant=acme", "q.hits=3", "--id", "auto"});
    EXPECT_EQ(allowed.status, 0) << allowed.err;
    EXPECT_EQ(allowed.out, "allow\n  tenant  acme\n  big     9007199254740993\n");
    ASSERT_EQ(node.requests().size(), 1U);
    const Responder::Request request = node.requests()[0];
    EXPECT_EQ(request.topic, root + "/quota/main/request");
    EXPECT_TRUE(request.msgpack);
    EXPECT_TRUE(request.response_topic.starts_with("flyball/v1/reply/flyball/"));
    EXPECT_EQ(request.payload["q"]["hits"], 3);
    EXPECT_EQ(request.payload["id"].get<std::string>().size(), 16U);

    EXPECT_EQ(flyball({"ask", "eu-west/pi-7", "quota/main", "want=deny"}).status, 1);
    EXPECT_EQ(flyball({"ask", "eu-west/pi-7", "quota/main", "want=error"}).status, 2);
}

TEST_F(FleetVerbs, AskFindsTheTopicOfWhatIsAsked) {
    Responder node(broker_.address(), root, decide);
    flyball({"ask", "eu-west/pi-7", "quota/main", "reset", "tenant=a", "--admin", "--dry-run"});
    flyball({"ask", "eu-west/pi-7", "admit", "tenant=a", "--encoding", "json", "--brief"});
    flyball({"ask", "eu-west/pi-7", "control", "list"});
    flyball({"ask", "eu-west/pi-7", "quota/main", "tenant=a/b", "--tenant-topic"});
    const auto requests = node.requests();
    ASSERT_EQ(requests.size(), 4U);
    EXPECT_EQ(requests[0].topic, root + "/quota/main/admin");
    EXPECT_EQ(requests[0].payload.dump(), R"({"tenant":"a","op":"reset","dry_run":true})");
    EXPECT_EQ(requests[1].topic, root + "/admit/request");
    EXPECT_FALSE(requests[1].msgpack);
    EXPECT_EQ(requests[1].payload.dump(), R"({"tenant":"a","brief":true})");
    EXPECT_EQ(requests[2].topic, root + "/control");
    EXPECT_EQ(requests[3].topic, root + "/quota/main/request/a%2Fb");
    EXPECT_TRUE(requests[3].response_topic.starts_with("flyball/v1/reply/a%2Fb/"));
}

TEST_F(FleetVerbs, AskAnswersABatchInOrderHoweverLong) {
    Responder node(broker_.address(), root, decide);
    std::string lines = "{\"want\":\"deny\",\"tenant\":\"first\"}\n";
    for (int i = 0; i < 1500; ++i) {
        lines += "{\"tenant\":\"t" + std::to_string(i) + "\"}\n";
    }
    const Ran ran =
        flyball({"ask", "eu-west/pi-7", "quota/main", "hits=1", "--batch", "-", "--json"}, lines);
    EXPECT_EQ(ran.status, 1) << ran.err;
    const Json replies = Json::parse(ran.out);
    ASSERT_EQ(replies.size(), 1501U);
    EXPECT_EQ(replies[0]["tenant"], "first");
    EXPECT_EQ(replies[1500]["tenant"], "t1499");
    const auto requests = node.requests();
    ASSERT_EQ(requests.size(), 2U);
    EXPECT_EQ(requests[0].payload.size(), 1024U);
    EXPECT_EQ(requests[1].payload[0]["hits"], 1);
}

TEST_F(FleetVerbs, AskWithoutAnswerTellsWhatIsKnownOfTheNode) {
    Responder node(broker_.address(), root, silence);
    report(node, "eu-west/pi-7", "degraded");
    const Ran known = flyball({"ask", "eu-west/pi-7", "quota/main", "--timeout", "2s"});
    EXPECT_EQ(known.status, 69);
    EXPECT_EQ(known.out, "");
    EXPECT_NE(known.err.find("no answer on " + root + "/quota/main/request within 2 s"),
              std::string::npos)
        << known.err;
    EXPECT_NE(known.err.find("eu-west/pi-7 is degraded"), std::string::npos) << known.err;
    const Ran slip = flyball({"ask", "eu-west/pi7", "quota/main", "--timeout", "2s"});
    EXPECT_EQ(slip.status, 69);
    EXPECT_NE(slip.err.find("did you mean eu-west/pi-7?"), std::string::npos) << slip.err;
}

TEST_F(FleetVerbs, HealthChecksThatEveryNodeIsOnline) {
    Responder node(broker_.address(), root, silence);
    EXPECT_EQ(flyball({"health"}).status, 0);
    EXPECT_EQ(flyball({"health", "--check"}).status, 1);
    report(node, "eu-west/pi-7", "online");
    report(node, "eu-west/pi-8", "online", 120'000);
    EXPECT_EQ(flyball({"health", "--check"}).status, 0);
    EXPECT_EQ(flyball({"health", "--check", "--max-age", "1m"}).status, 1);
    report(node, "apac/pi-1", "online", 200'000);
    const Ran lost = flyball({"health", "--check"});
    EXPECT_EQ(lost.status, 1);
    EXPECT_NE(lost.err.find("apac/pi-1 is lost"), std::string::npos) << lost.err;
    EXPECT_NE(lost.out.find("3 nodes: 1 lost, 2 online"), std::string::npos) << lost.out;
    EXPECT_EQ(flyball({"health", "eu-west/pi-7", "--check"}).status, 0);
    node.publish("flyball/v1/apac/pi-1/health", "", true);
    EXPECT_EQ(flyball({"health", "--check"}).status, 0);
}

TEST_F(FleetVerbs, HealthExpectsTheNodesOfAFile) {
    Responder node(broker_.address(), root, silence);
    report(node, "eu-west/pi-7", "online");
    report(node, "eu-west/other", "offline");
    const std::string file = broker_.folder() / "nodes";
    std::ofstream(file) << "# the fleet\neu-west/pi-7\n\n";
    EXPECT_EQ(flyball({"health", "--check", "--expect", file}).status, 0);
    std::ofstream(file, std::ios::app) << "eu-west/pi-9  # not there\n";
    const Ran ran = flyball({"health", "--check", "--expect", file, "--json"});
    EXPECT_EQ(ran.status, 1);
    EXPECT_NE(ran.err.find("eu-west/pi-9 is missing"), std::string::npos) << ran.err;
    const Json nodes = Json::parse(ran.out);
    ASSERT_EQ(nodes.size(), 3U);
    EXPECT_EQ(nodes[1]["node"], "pi-7");
    EXPECT_EQ(nodes[1]["report"]["new_key"], 9007199254740993);
    EXPECT_EQ(nodes[2]["status"], "missing");
}

TEST_F(FleetVerbs, RetireClearsWhatIsKeptOfADeviceThatIsGone) {
    Responder node(broker_.address(), root, silence);
    const std::string gone = "flyball/v1/eu-west/pi-7";
    report(node, "eu-west/pi-7", "online", 200'000);
    report(node, "eu-west/pi-8", "online");
    node.publish(gone + "/quota/main/request", "left by somebody", true);
    const Ran dry = flyball({"retire", "eu-west/pi-7", "--dry-run"});
    EXPECT_EQ(dry.status, 0) << dry.err;
    EXPECT_EQ(dry.out,
              "would clear " + gone + "/health\nwould clear " + gone + "/quota/main/request\n");
    EXPECT_EQ(Json::parse(flyball({"health", "--json"}).out).size(), 2U);
    const Ran ran = flyball({"retire", "eu-west/pi-7", "--json"});
    EXPECT_EQ(ran.status, 0) << ran.err;
    EXPECT_EQ(Json::parse(ran.out)["topics"].size(), 2U);
    EXPECT_EQ(Json::parse(flyball({"health", "--json"}).out).size(), 1U);
    const Ran again = flyball({"retire", "eu-west/pi-7"});
    EXPECT_EQ(again.status, 1);
    EXPECT_NE(again.err.find("keeps nothing of eu-west/pi-7"), std::string::npos) << again.err;
}

TEST_F(FleetVerbs, RetireRefusesWhileTheDeviceIsThere) {
    Responder node(broker_.address(), root, [](const Responder::Request& request) {
        return request.response_topic.empty() ? std::nullopt : decide(request);
    });
    for (const char* status : {"online", "degraded", "draining"}) {
        report(node, "eu-west/pi-7", status);
        const Ran ran = flyball({"retire", "eu-west/pi-7"});
        EXPECT_EQ(ran.status, 1);
        EXPECT_NE(ran.err.find(std::string("eu-west/pi-7 is ") + status), std::string::npos);
    }
    report(node, "eu-west/pi-7", "offline");
    const Ran ran = flyball({"retire", "eu-west/pi-7"});
    EXPECT_EQ(ran.status, 1) << "the will of an earlier session says nothing of this one";
    EXPECT_NE(ran.err.find("still answers"), std::string::npos) << ran.err;
    EXPECT_EQ(Json::parse(flyball({"health", "--json"}).out).size(), 1U);
}

TEST_F(FleetVerbs, HealthOfManyNodesIsComplete) {
    Responder node(broker_.address(), root, silence);
    constexpr int nodes = 300;
    for (int i = 0; i < nodes; ++i) {
        report(node, "eu-west/pi-" + std::to_string(i), "online");
    }
    EXPECT_EQ(Json::parse(flyball({"health", "--json"}).out).size(), 300U);
    const Ran names = flyball({"completion", "nodes"});
    EXPECT_EQ(std::count(names.out.begin(), names.out.end(), '\n'), nodes);
}

// Publishes until the watcher ends: when it is subscribed is its own affair.
int keep_publishing(Program& watcher, Responder& node, const std::string& topic,
                    const std::string& payload) {
    for (int i = 0; i < 1000; ++i) {
        node.publish(topic, payload);
        if (const int status = watcher.wait(std::chrono::milliseconds(20)); status >= 0) {
            return status;
        }
    }
    return -1;
}

TEST_F(FleetVerbs, WatchShowsWhatPassesAndStopsAfterACount) {
    Responder node(broker_.address(), root, silence);
    std::string msgpack;
    Json::to_msgpack({{"tenant", "acme"}, {"decision", "deny"}, {"reason", "revoked"}}, msgpack);
    const auto watcher = start({"watch", "eu-west/pi-7", "--count", "2"});
    EXPECT_EQ(keep_publishing(*watcher, node, root + "/entitlement/main/decision/acme", msgpack),
              0);
    EXPECT_NE(watcher->out().find(" eu-west/pi-7 entitlement/main acme deny revoked\n"),
              std::string::npos)
        << watcher->out() << watcher->err();
    const auto json = start({"watch", "--json", "--count", "1"});
    EXPECT_EQ(keep_publishing(*json, node, root + "/quota/main/event", R"({"event":"x","at":5})"),
              0);
    EXPECT_EQ(json->out(),
              R"({"node":"eu-west/pi-7","channel":"event","governor":"quota/main","tenant":"",)"
              R"("at":5,"message":{"event":"x","at":5}})"
              "\n");
}

TEST_F(FleetVerbs, WatchEndsWithItsTimeAndOnCtrlC) {
    EXPECT_EQ(flyball({"watch", "--for", "100ms"}).status, 0);
    EXPECT_EQ(flyball({"watch", "--for", "100ms", "--count", "1"}).status, 69);
    Responder node(broker_.address(), root, silence);
    const auto watcher = start({"watch"});
    for (int i = 0; i < 1000 && watcher->out().empty(); ++i) {
        node.publish(root + "/quota/main/event", R"({"event":"x"})");
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    watcher->signal(SIGINT);
    EXPECT_EQ(watcher->wait(), 0) << watcher->err();
}

TEST_F(FleetVerbs, AskWithALoginReadsBelowItsOwnName) {
    Responder node(broker_.address(), root, decide);
    const Ran ran = flyball({"ask", "eu-west/pi-7", "quota/main", "--username", "ops"});
    EXPECT_EQ(ran.status, 0) << ran.err;
    EXPECT_TRUE(node.requests().at(0).response_topic.starts_with("flyball/v1/reply/ops/"));
}

}  // namespace
}  // namespace flyball::testing
