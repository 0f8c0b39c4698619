// A broker that is killed under load and comes back, with and without a memory of its sessions:
// nodes are subscribed again soon, nothing is answered twice, nothing is done twice.

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <set>
#include <thread>

#include "tests/e2e/broker.h"
#include "tests/e2e/kill_load.h"
#include "tests/e2e/node_process.h"
#include "tests/from_environment.h"
#include "tests/hostile/guard.h"

namespace flyball::testing {
namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

const std::string replies = "flyball/v1/reply/test/restart";
constexpr std::size_t nodes_max = 3;
constexpr auto comes_back = 30s;
constexpr std::int64_t away_ms_max = 1500;
// A session shorter than this does not end a node's back-off (transport/paho_link.cpp).
constexpr auto steady = 2200ms;

std::size_t times_online(const NodeProcess& node) {
    const std::string log = node.log();
    std::size_t times = 0;
    for (std::size_t at = log.find("online broker="); at != std::string::npos;
         at = log.find("online broker=", at + 1)) {
        ++times;
    }
    return times;
}

class Scene {
public:
    explicit Scene(BrokerSettings settings)
        : broker(std::move(settings)),
          nodes(started(broker.address())),
          client(broker.address(), {replies}),
          load(client, nodes.front()->root(), replies, number_from("FLYBALL_SEED", 1)) {
        load.open_accounts();
    }

    void round() {
        std::vector<std::size_t> online;
        for (const auto& node : nodes) {
            online.push_back(times_online(*node));
        }
        ask_once();
        load.ask_new(30, 0);
        broker.kill();
        broker.start();
        const auto open = Clock::now();
        std::vector<bool> back(nodes.size(), false);
        while (std::count(back.begin(), back.end(), false) > 0 &&
               Clock::now() - open < comes_back) {
            for (std::size_t i = 0; i < nodes.size(); ++i) {
                if (!back[i] && times_online(*nodes[i]) > online[i]) {
                    back[i] = true;
                    away_ms.push_back(
                        std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - open)
                            .count());
                }
            }
            std::this_thread::sleep_for(2ms);
        }
        ASSERT_EQ(std::count(back.begin(), back.end(), true), std::ssize(nodes));
        load.ask_until_answered();
        load.settle();
        load.life_ends();
        load.recheck();
        std::this_thread::sleep_for(steady);
    }

    Broker broker;
    std::vector<std::unique_ptr<NodeProcess>> nodes;
    BusClient client;
    KillLoad load;
    std::vector<std::int64_t> away_ms;

    // Replies to requests that were published once that came more often.
    std::size_t answered_twice() {
        std::set<std::string> seen;
        std::size_t twice = 0;
        const auto is_one = [](const auto& at) { return at.correlation_data.starts_with("once-"); };
        while (const auto reply = client.take(is_one)) {
            twice += seen.insert(reply->correlation_data).second ? 0U : 1U;
        }
        answered_once += seen.size();
        return twice;
    }
    std::size_t answered_once = 0;

private:
    static std::vector<std::unique_ptr<NodeProcess>> started(const std::string& broker) {
        std::vector<std::unique_ptr<NodeProcess>> all;
        for (std::size_t i = 0; i < nodes_max; ++i) {
            all.push_back(
                std::make_unique<NodeProcess>(NodeProcessSettings{.broker = broker,
                                                                  .node = fmt::format("node-{}", i),
                                                                  .config = KillLoad::governors,
                                                                  .flags = {},
                                                                  .in_broker = false}));
        }
        return all;
    }
    // Without an id: a second answer would be a second effect.
    void ask_once() {
        const std::string topic = nodes.front()->root() + "/quota/main/request";
        for (int i = 0; i < 20; ++i) {
            const std::string tag = fmt::format("once-{}", ++asked_once_);
            client.publish({.topic = topic,
                            .payload = R"({"tenant":"once"})",
                            .qos = Qos::at_least_once,
                            .response_topic = replies,
                            .has_response_topic = true,
                            .correlation_data = tag});
        }
    }
    std::uint64_t asked_once_ = 0;
};

void outlives(BrokerSettings settings, const char* what) {
    const std::uint64_t rounds = number_from("FLYBALL_RESTARTS", 10);
    SCOPED_TRACE(fmt::format("FLYBALL_SEED={}", number_from("FLYBALL_SEED", 1)));
    Scene scene(std::move(settings));
    for (std::uint64_t round = 0; round < rounds && !::testing::Test::HasFailure(); ++round) {
        scene.round();
    }
    scene.load.check_levels();
    EXPECT_EQ(scene.answered_twice(), 0U);
    EXPECT_GT(scene.answered_once, 0U);
    std::sort(scene.away_ms.begin(), scene.away_ms.end());
    const std::size_t last = scene.away_ms.size() - 1;
    fmt::print(
        "{} kills of a {} broker under {} nodes; subscribed again after the port opened: "
        "p50 {} ms, p99 {} ms; {} answered, {} lost, {} doubled\n",
        rounds, what, nodes_max, scene.away_ms[last / 2], scene.away_ms[last * 99 / 100],
        scene.load.answered, scene.load.lost, scene.load.doubled);
    EXPECT_LE(scene.away_ms[last * 99 / 100], away_ms_max * slack);
    EXPECT_EQ(scene.load.lost + scene.load.doubled + scene.load.seq_reused, 0U);
    for (const auto& node : scene.nodes) {
        EXPECT_EQ(node->stop(), 0) << node->log();
    }
}

TEST(BrokerRestart, OfABrokerWithoutMemoryLosesAndDoublesNothing) {
    outlives({}, "forgetful");
}

// It has retained health, and what it queued for sessions, from before.
TEST(BrokerRestart, OfABrokerWithAMemoryLosesAndDoublesNothing) {
    std::string pattern = (std::filesystem::temp_directory_path() / "flyball-memory-XXXXXX");
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    outlives({.extra = fmt::format("persistence true\npersistence_location {}/\n"
                                   "autosave_interval 1\nautosave_on_changes true",
                                   pattern)},
             "persistent");
    std::filesystem::remove_all(pattern);
}

}  // namespace
}  // namespace flyball::testing
