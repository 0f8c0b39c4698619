// Home Assistant's discovery with the real node: the broker keeps it, its templates find what they
// look for in a real report, and it goes when the option is off again or the node is retired.

#include <gtest/gtest.h>
#include <signal.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <regex>

#include "tests/build_tree.h"
#include "tests/e2e/broker.h"
#include "tests/e2e/bus_client.h"
#include "tests/e2e/node_process.h"
#include "tests/unit/fleet/program.h"

namespace flyball::testing {
namespace {

using Json = nlohmann::json;
constexpr Span patience{20'000};

class Discovery : public ::testing::Test {
protected:
    Discovery() : node_(settings()) {}
    NodeProcessSettings settings() {
        return {.broker = broker_.address(),
                .config = "[home_assistant]\ndiscovery = true\n",
                .flags = {}};
    }
    // What the broker keeps below Home Assistant's prefix, once there is, or is not, something.
    std::string kept(bool something) const {
        std::string payload;
        for (int look = 0; look < 200; ++look) {
            BusClient home(broker_.address(),
                           {"homeassistant/device/+/config", node_.root() + "/health"});
            bool healthy = false;
            payload.clear();
            // Health is retained as well: once it is here, so is what else there is.
            home.await(
                [&](const BusClient::Arrived& arrived) {
                    const bool config = arrived.topic.starts_with("homeassistant/");
                    payload = config ? arrived.payload : payload;
                    healthy = healthy || !config;
                    return healthy && (config || !something || !payload.empty());
                },
                patience);
            if (payload.empty() != something) {
                return payload;
            }
        }
        return payload;
    }
    void configure(const std::string& text) const {
        std::ofstream(node_.folder() / "node.toml") << text;
    }

    Broker broker_;
    NodeProcess node_;
};

// value_json.a, value_json.get('a'), value_json.get('a', {}).get('b')
std::vector<std::vector<std::string>> paths_in(const std::string& text) {
    static const std::regex direct(R"(value_json\.(\w+)(?!\w|\())");
    static const std::regex got(R"(value_json((?:\.get\('\w+'(?:, \{\})?\))+))");
    static const std::regex level(R"(\.get\('(\w+)')");
    std::vector<std::vector<std::string>> paths;
    for (std::sregex_iterator at(text.begin(), text.end(), direct), end; at != end; ++at) {
        paths.push_back({(*at)[1]});
    }
    for (std::sregex_iterator at(text.begin(), text.end(), got), end; at != end; ++at) {
        const std::string chain = (*at)[1];
        std::vector<std::string> path;
        for (std::sregex_iterator step(chain.begin(), chain.end(), level); step != end; ++step) {
            path.push_back((*step)[1]);
        }
        paths.push_back(path);
    }
    return paths;
}

TEST_F(Discovery, IsKeptByTheBrokerAndItsTemplatesFindWhatTheyLookFor) {
    const Json told = Json::parse(kept(true));
    BusClient watcher(broker_.address(), {told.at("state_topic")});
    const Json report = Json::parse(
        watcher.await([](const BusClient::Arrived&) { return true; }, patience).payload);
    std::size_t paths = 0;
    for (const auto& [name, component] : told.at("components").items()) {
        const auto found = paths_in(component.at("value_template"));
        EXPECT_FALSE(found.empty()) << component;
        for (const auto& path : found) {
            const Json* at = &report;
            for (const std::string& key : path) {
                ASSERT_TRUE(at->is_object() && at->contains(key)) << name << " " << key;
                at = &at->at(key);
            }
            ++paths;
        }
    }
    EXPECT_GE(paths, 11U);
    EXPECT_TRUE(report.at("governors").at(0).contains("deny"));
}

TEST_F(Discovery, GoesWithAReloadThatTurnsItOff) {
    EXPECT_NE(kept(true), "");
    configure("[home_assistant]\ndiscovery = false\n");
    ::kill(node_.pid(), SIGHUP);
    EXPECT_EQ(kept(false), "");
}

TEST_F(Discovery, GoesWithAStartAfterItWasTurnedOff) {
    EXPECT_NE(kept(true), "");
    EXPECT_EQ(node_.stop(), 0);
    configure("");
    node_.start();
    EXPECT_EQ(kept(false), "");
}

TEST_F(Discovery, IsMovedToAnotherPrefix) {
    EXPECT_NE(kept(true), "");
    EXPECT_EQ(node_.stop(), 0);
    configure("[home_assistant]\ndiscovery = true\nprefix = \"elsewhere\"\n");
    node_.start();
    EXPECT_EQ(kept(false), "");
    BusClient home(broker_.address(), {"elsewhere/device/+/config"});
    EXPECT_NE(home.await([](const BusClient::Arrived&) { return true; }, patience).payload, "");
}

TEST_F(Discovery, GoesWhenTheNodeIsRetired) {
    EXPECT_NE(kept(true), "");
    EXPECT_EQ(node_.stop(), 0);
    Program retire({tool_program(), "retire", "test/node", "--broker", broker_.address()});
    EXPECT_EQ(retire.wait(), 0) << retire.err();
    EXPECT_NE(retire.out().find("cleared homeassistant/device/flyball_test_node_"),
              std::string::npos)
        << retire.out();
    node_.start();
    EXPECT_NE(kept(true), "") << "it comes back, and says so again";
}

}  // namespace
}  // namespace flyball::testing
