// More than a node can take while its replies wait for the disk: what does not fit is refused at
// once, from the transport's own thread, beside the one that releases replies. The thread
// sanitizer's exit status is part of the test.

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>

#include "tests/e2e/broker.h"
#include "tests/e2e/bus_client.h"
#include "tests/e2e/node_process.h"

namespace flyball::testing {
namespace {

using Json = nlohmann::json;

const std::string replies = "flyball/v1/reply/test/overload";
const std::string looks = "flyball/v1/reply/test/look";
constexpr Span answer_wait = std::chrono::seconds(20);
constexpr int looks_max = 10;
constexpr const char* config = R"(
limits.inbox = 16
state.durability = "commit"
[health]
interval = "1s"
[governor.quota.main]
resources.api_calls = { limit = 1000000000, window = "365d" }
)";

// A reply that finds the node's way out full as well is dropped: whoever waits for one asks again.
Json look(BusClient& client, const std::string& topic) {
    for (int tries = 1;; ++tries) {
        try {
            const auto reply = client.ask({.topic = topic,
                                           .payload = R"({"tenant":"a","hits":0})",
                                           .response_topic = looks,
                                           .has_response_topic = true},
                                          answer_wait / 5);
            const Json answer = Json::parse(reply.payload);
            if (answer.at("decision") == "allow") {
                return answer;
            }
        } catch (const std::runtime_error&) {
            if (tries == looks_max) {
                throw;
            }
        }
    }
}

TEST(Overload, IsRefusedWhileRepliesWaitForTheDisk) {
    Broker broker({.extra = "max_queued_messages 0\n"});  // it drops none of them
    NodeProcess node({.broker = broker.address(), .config = config, .flags = {}});
    BusClient client(node.broker(), {replies, looks, node.root() + "/health"});
    const std::string topic = node.root() + "/quota/main/request";
    constexpr int requests = 6000;
    for (int id = 0; id < requests; ++id) {
        const std::string payload = fmt::format(R"({{"tenant":"a","id":{}}})", id);
        client.publish({.topic = topic,
                        .payload = payload,
                        .response_topic = replies,
                        .has_response_topic = true});
    }
    // The last one that is decided comes after all that were refused.
    const Json last = look(client, topic);
    std::map<std::string, int> said;
    while (const auto reply = client.take([](const auto& at) { return at.topic == replies; })) {
        const Json answer = Json::parse(reply->payload);
        ++said[answer.at("decision").get<std::string>() + answer.value("reason", "")];
    }
    EXPECT_GT(said["allow"], 0);
    EXPECT_EQ(said.size(), said.contains("erroroverloaded") ? 2U : 1U);
    EXPECT_GE(last.at("used"), said["allow"]);
    // Those whose reply was dropped are counted.
    const int answered = said["allow"] + said["erroroverloaded"] + 1;
    const auto health = client.await(
        [&](const auto& at) {
            if (!at.topic.ends_with("/health")) {
                return false;
            }
            const Json traffic = Json::parse(at.payload).at("throughput");
            const int counted = traffic.at("requests").template get<int>() +
                                traffic.at("refused").template get<int>();
            EXPECT_LE(counted, requests + looks_max);
            return counted >= answered;
        },
        answer_wait);
    fmt::print("{} allowed, {} told that they were refused, {} refused\n", said["allow"],
               said["erroroverloaded"],
               Json::parse(health.payload).at("throughput").at("refused").get<int>());
    EXPECT_EQ(node.stop(), 0) << node.log();
}

}  // namespace
}  // namespace flyball::testing
