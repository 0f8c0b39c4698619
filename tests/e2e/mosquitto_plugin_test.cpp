// A node inside a real Mosquitto: what is different from one beside it. What is the same, the
// conformance suite shows (e2e_conformance_in_broker).

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>

#include "tests/build_tree.h"
#include "tests/e2e/broker.h"
#include "tests/e2e/bus_client.h"
#include "tests/e2e/node_process.h"

namespace flyball::testing {
namespace {

using Json = nlohmann::json;
using Clock = std::chrono::steady_clock;

const std::string replies = "flyball/v1/reply/test/plugin";
constexpr Span answer_wait = std::chrono::seconds(20);

std::string config_with(const std::string& state, int limit) {
    return fmt::format(
        "{}\n[governor.quota.main]\nresources.api_calls = {{ limit = {}, window = \"365d\" }}\n",
        state, limit);
}

NodeProcessSettings inside(std::string config, std::vector<std::string> flags = {}) {
    return {.broker = "",
            .node = "inside",
            .config = std::move(config),
            .flags = std::move(flags),
            .in_broker = true};
}

class MosquittoPlugin : public ::testing::Test {
protected:
    void make(const std::string& config) {
        node = std::make_unique<NodeProcess>(inside(config));
        connect();
    }
    void TearDown() override {
        if (HasFailure() && node != nullptr) {
            fmt::print("{}\n", node->log());
        }
    }
    void connect() {
        client = std::make_unique<BusClient>(
            node->broker(), std::vector<std::string>{replies, node->root() + "/health",
                                                     node->root() + "/control/reply"});
    }
    Json ask(const Json& request) { return ask_at(node->root() + "/quota/main/request", request); }
    Json ask_at(const std::string& topic, const Json& request) {
        const std::string payload = request.dump();
        const auto reply = client->ask({.topic = topic,
                                        .payload = payload,
                                        .response_topic = replies,
                                        .has_response_topic = true},
                                       answer_wait);
        return Json::parse(reply.payload);
    }
    void await_log(const std::string& words) {
        const auto deadline = Clock::now() + answer_wait;
        while (node->log().find(words) == std::string::npos) {
            ASSERT_LT(Clock::now(), deadline) << words << " is not in\n" << node->log();
        }
    }
    void write_config(const std::string& config) {
        std::ofstream(node->folder() / "node.toml") << config;
    }

    std::unique_ptr<NodeProcess> node;
    std::unique_ptr<BusClient> client;
};

TEST_F(MosquittoPlugin, AnswersWithEveryPropertyAndSaysWhereItIs) {
    make(config_with("", 100));
    const std::string topic = node->root() + "/quota/main/request";
    Message message;
    message.topic = topic;
    message.payload = R"({"tenant":"a","id":1})";
    message.qos = Qos::at_least_once;
    message.response_topic = replies;
    message.has_response_topic = true;
    const auto reply = client->ask(message, answer_wait);
    EXPECT_EQ(reply.content_type, "application/json");
    EXPECT_TRUE(reply.utf8_payload);
    EXPECT_EQ(Json::parse(reply.payload).at("remaining"), 99);
    const auto health = client->await(
        [](const auto& arrived) { return arrived.topic.ends_with("/health"); }, answer_wait);
    EXPECT_EQ(Json::parse(health.payload).at("transport"), "mosquitto");
    EXPECT_EQ(node->stop(), 0) << node->log();
}

TEST_F(MosquittoPlugin, KeepsWhatItSaidWhenItsBrokerIsKilled) {
    make(config_with("state.durability = \"commit\"", 100'000));
    std::map<int, Json> said;
    std::vector<double> took_ms;
    for (int round = 0; round < 3; ++round) {
        for (int i = 0; i < 20; ++i) {
            const int id = 100 * round + i;
            const auto begun = Clock::now();
            said[id] = ask({{"tenant", "a"}, {"id", id}});
            took_ms.push_back(
                std::chrono::duration<double, std::milli>(Clock::now() - begun).count());
            ASSERT_EQ(said[id].at("decision"), "allow") << said[id];
        }
        client.reset();
        node->kill();
        node->start();
        connect();
    }
    for (const auto& [id, reply] : said) {
        const Json again = ask({{"tenant", "a"}, {"id", id}});
        EXPECT_EQ(again.value("replayed", false), true) << again;
        EXPECT_EQ(again.at("seq"), reply.at("seq"));
    }
    EXPECT_EQ(ask({{"tenant", "a"}, {"hits", 0}}).at("used"), said.size());
    std::ranges::sort(took_ms);
    // The broker's tick alone would make it 50 ms and more.
    EXPECT_LT(took_ms[took_ms.size() / 2], 40);
    fmt::print("a durable answer took {:.2f} ms (median of {}), {:.1f} ms at most\n",
               took_ms[took_ms.size() / 2], took_ms.size(), took_ms.back());
}

TEST_F(MosquittoPlugin, ReadsItsConfigurationAgainWhenItsBrokerDoes) {
    make(config_with("", 100));
    EXPECT_EQ(ask({{"tenant", "a"}}).at("limit"), 100);
    write_config(config_with("", 7));
    node->home()->reload();
    await_log("configuration read again");
    EXPECT_EQ(ask({{"tenant", "a"}}).at("limit"), 7);
    write_config("[governor.quota.main]\nnonsense = 1\n");
    node->home()->reload();
    await_log("the configuration stays as it was");
    EXPECT_NE(node->log().find("node.toml:2"), std::string::npos) << node->log();
    EXPECT_EQ(ask({{"tenant", "a"}}).at("limit"), 7);
}

std::size_t entries(const std::string& folder) {
    std::error_code none;
    return static_cast<std::size_t>(
        std::distance(std::filesystem::directory_iterator(folder, none), {}));
}

// Drained it idles, and a reload begins it anew, with its state; nothing is left of the lives
// before.
TEST_F(MosquittoPlugin, DrainsAndBeginsAnewWithoutALeak) {
    make(config_with("state.durability = \"commit\"", 100'000));
    const std::string process = fmt::format("/proc/{}", node->pid());
    std::size_t threads = 0;
    std::size_t files = 0;
    for (int life = 1; life <= 12; ++life) {
        ASSERT_EQ(ask({{"tenant", "a"}, {"id", life}}).at("used"), life);
        const auto is = [](const std::string& status) {
            return [status](const BusClient::Arrived& arrived) {
                return arrived.topic.ends_with("/health") &&
                       Json::parse(arrived.payload).at("status") == status;
            };
        };
        while (client->take(is("online"))) {
        }
        ask_at(node->root() + "/control", {{"op", "drain"}});
        client->await(is("offline"), answer_wait);
        node->home()->reload();
        client->await(is("online"), answer_wait);
        ASSERT_EQ(ask({{"tenant", "a"}, {"id", life}}).value("replayed", false), true);
        if (life == 3) {
            threads = entries(process + "/task");
            files = entries(process + "/fd");
        }
    }
    // Nine lives later; a connection may be on its way at either count.
    constexpr std::size_t on_its_way = 4;
    EXPECT_LE(entries(process + "/task"), threads + on_its_way);
    EXPECT_LE(entries(process + "/fd"), files + on_its_way);
    EXPECT_EQ(node->stop(), 0) << node->log();
}

// Of the whole broker.
std::int64_t resident_kb(const std::string& process) {
    std::ifstream status(process + "/status");
    std::string word;
    std::int64_t kb = 0;
    while (status >> word && word != "VmRSS:") {
    }
    status >> kb;
    return kb;
}

TEST_F(MosquittoPlugin, ReadsItsConfigurationAHundredTimesWithoutALeak) {
    make(config_with("state.durability = \"commit\"", 100));
    const std::string process = fmt::format("/proc/{}", node->pid());
    const auto reload = [&](int limit) {
        write_config(config_with("state.durability = \"commit\"", limit));
        node->home()->reload();
        const auto deadline = Clock::now() + answer_wait;
        while (ask({{"tenant", "a"}, {"hits", 0}}).at("limit") != limit) {
            ASSERT_LT(Clock::now(), deadline);
        }
    };
    for (int limit = 101; limit <= 110; ++limit) {
        ASSERT_NO_FATAL_FAILURE(reload(limit));
    }
    const std::size_t threads = entries(process + "/task");
    const std::size_t files = entries(process + "/fd");
    const std::int64_t before_kb = resident_kb(process);
    for (int limit = 111; limit <= 210; ++limit) {
        ASSERT_NO_FATAL_FAILURE(reload(limit));
    }
    EXPECT_EQ(entries(process + "/task"), threads);
    EXPECT_EQ(entries(process + "/fd"), files);
    const std::int64_t more_kb = resident_kb(process) - before_kb;
    fmt::print("a hundred reloads took {} KB\n", more_kb);
#ifdef NDEBUG  // the address sanitizer keeps what was given back
    EXPECT_LT(more_kb, 1024);
#endif
}

// A sync that hangs is a thread's of its own: others have their messages, and who waits for the
// disk has the answer once it is done.
TEST_F(MosquittoPlugin, HoldsNobodyUpWhileTheDiskDoes) {
    const std::filesystem::path hold =
        std::filesystem::temp_directory_path() / fmt::format("flyball-hold-{}", ::getpid());
    NodeProcessSettings settings = inside(config_with("state.durability = \"commit\"", 100));
    settings.environment = preloaded(built("tests/libflyball_stalling.so"));
    settings.environment.push_back("FLYBALL_STALLS_SYNC=" + hold.string());
    node = std::make_unique<NodeProcess>(std::move(settings));
    connect();
    ASSERT_EQ(ask({{"tenant", "a"}, {"id", 1}}).at("decision"), "allow");
    std::ofstream(hold) << "";
    const std::string topic = node->root() + "/quota/main/request";
    const std::string payload = R"({"tenant":"a","id":2})";
    BusClient waiting(node->broker(), {replies + "/waiting"});
    waiting.publish({.topic = topic,
                     .payload = payload,
                     .response_topic = replies + "/waiting",
                     .has_response_topic = true});
    BusClient other(node->broker(), {"others"});
    for (int i = 0; i < 50; ++i) {
        const auto begun = Clock::now();
        other.publish({.topic = "others", .payload = "x"});
        other.await([](const auto& arrived) { return arrived.topic == "others"; }, answer_wait);
        EXPECT_LT(Clock::now() - begun, std::chrono::seconds(2));
    }
    EXPECT_FALSE(waiting.take([](const auto&) { return true; })) << "nothing is on the disk yet";
    std::filesystem::remove(hold);
    const auto reply = waiting.await([](const auto&) { return true; }, answer_wait);
    EXPECT_EQ(Json::parse(reply.payload).at("decision"), "allow") << reply.payload;
}

TEST_F(MosquittoPlugin, LivesBesideANodeOfItsOwnKind) {
    make(config_with("", 100));
    NodeProcess outside({.broker = node->broker(),
                         .node = "outside",
                         .config = config_with("", 200),
                         .flags = {},
                         .in_broker = false});
    EXPECT_EQ(ask({{"tenant", "a"}}).at("limit"), 100);
    EXPECT_EQ(ask_at(outside.root() + "/quota/main/request", {{"tenant", "a"}}).at("limit"), 200);
}

// What is said, the broker's log in it, when it does not start.
std::string refusal(const std::string& extra) {
    try {
        Broker broker({.extra = extra, .environment = preloaded()});
        ADD_FAILURE() << "it started";
        return {};
    } catch (const std::runtime_error& error) {
        return error.what();
    }
}

TEST(MosquittoPluginStart, IsRefusedWithASentence) {
    const std::string folder = ::testing::TempDir();
    const std::string config = folder + fmt::format("/flyball-plugin-{}.toml", ::getpid());
    std::ofstream(config) << "[governor.quota.main]\nnonsense = 1\n";
    const std::string plugin = "plugin " + plugin_library() + "\n";
    const std::string wrong_key = refusal(plugin + "plugin_opt_config " + config);
    EXPECT_NE(wrong_key.find(config + ":2"), std::string::npos) << wrong_key;
    const std::string wrong_option = refusal(plugin + "plugin_opt_confg " + config);
    EXPECT_NE(wrong_option.find("plugin_opt_confg is unknown"), std::string::npos) << wrong_option;
    std::ofstream(config) << "region = \"r\"\nnode = \"n\"\nstate.dir = \"" << folder
                          << "/flyball-plugin-state\"\n";
    std::ofstream(config + "2") << "region = \"r\"\nnode = \"n\"\nstate.dir = \"" << folder
                                << "/flyball-plugin-state2\"\n";
    const std::string twins =
        refusal(plugin + "plugin_opt_config " + config + "\nplugin_opt_config " + config + "2");
    EXPECT_NE(twins.find("this broker has a node flyball/v1/r/n already"), std::string::npos)
        << twins;
    for (const char* left : {"", "2"}) {
        std::filesystem::remove(config + left);
        std::filesystem::remove_all(folder + "/flyball-plugin-state" + left);
    }
}

}  // namespace
}  // namespace flyball::testing
