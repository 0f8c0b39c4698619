// Another release in place of the one that runs, and back, under load: the program's file is
// replaced as dpkg does it, the node stopped and started. Nothing that was answered is lost,
// nothing is done twice, and a state folder of the first format goes through it too.
// FLYBALL_UPGRADE_ROUNDS: how often there and back (2). FLYBALL_SEED: of the load, printed.

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/build_tree.h"
#include "tests/e2e/broker.h"
#include "tests/e2e/kill_load.h"
#include "tests/e2e/node_process.h"
#include "tests/from_environment.h"

namespace flyball::testing {
namespace {

const std::string replies = "flyball/v1/reply/test/upgrade";
constexpr std::size_t in_flight = 24;
constexpr Span patience{20'000};

struct Release {
    std::string program;
    const char* version;
};
const Release this_one{node_program(), FLYBALL_VERSION};
const Release next_one{built("tests/flyball_node_next"), FLYBALL_NEXT_VERSION};

// /usr/bin/flyball-node, as far as the test is concerned.
class Installed {
public:
    explicit Installed(const Release& release) { install(release); }
    // A new file under the old name: whoever runs the old one keeps it.
    void install(const Release& release) const {
        const std::filesystem::path unpacked = path().string() + ".dpkg-new";
        std::filesystem::copy_file(release.program, unpacked,
                                   std::filesystem::copy_options::overwrite_existing);
        std::filesystem::rename(unpacked, path());
    }
    std::filesystem::path path() const { return home_.folder() / "flyball-node"; }
    const Broker& broker() const { return home_; }

private:
    Broker home_;  // its folder goes with it
};

std::string version_of(const NodeProcess& node) {
    BusClient watcher(node.broker(), {node.root() + "/health"});
    const auto report = nlohmann::json::parse(
        watcher.await([](const BusClient::Arrived&) { return true; }, patience).payload);
    return report.at("version");
}

NodeProcessSettings settings_of(const Installed& installed, const std::string& mode) {
    NodeProcessSettings settings{
        .broker = installed.broker().address(),
        .config = fmt::format("[state]\ndurability = \"{}\"\n", mode) +
                  "[governor.quota.main]\n"
                  "resources.api_calls = { limit = 1000000000, window = \"365d\" }\n"
                  "[governor.billing.main]\nrate_limit = 0\n",
        .flags = {}};
    settings.program = installed.path();
    return settings;
}

struct Scene {
    explicit Scene(const std::string& mode)
        : node(settings_of(installed, mode)),
          client(installed.broker().address(), {replies}),
          load(client, node.root(), replies, seed) {
        fmt::print("FLYBALL_SEED={} {}\n", seed, mode);
        load.open_accounts();
    }
    // What is under way when the node stops is asked again, with the same ids.
    void change_to(const Release& release) {
        installed.install(release);
        load.ask_new(in_flight, load.pick(in_flight + 1));
        load.life_ends();
        ASSERT_EQ(node.stop(), 0) << node.log();
        node.start();
        ASSERT_EQ(version_of(node), release.version);
        load.ask_until_answered();
        load.settle();
        load.recheck();
    }

    std::uint64_t seed = number_from("FLYBALL_SEED", 1);
    Installed installed{this_one};
    NodeProcess node;
    BusClient client;
    KillLoad load;
};

TEST(Upgrade, ThereAndBackUnderLoadLosesAndDoublesNothing) {
    const std::uint64_t rounds = number_from("FLYBALL_UPGRADE_ROUNDS", 2);
    for (const char* const mode : {"commit", "interval", "none"}) {
        Scene scene(mode);
        for (std::uint64_t round = 0; round < rounds && !HasFailure(); ++round) {
            SCOPED_TRACE(fmt::format("{}, round {}", mode, round));
            ASSERT_NO_FATAL_FAILURE(scene.change_to(next_one));
            ASSERT_NO_FATAL_FAILURE(scene.change_to(this_one));
        }
        scene.load.check_levels();
        fmt::print(
            "{} upgrades and as many back, {} answered, {} refused meanwhile and asked again, {} "
            "lost, {} doubled, {} numbers reused\n",
            rounds, scene.load.answered, scene.load.refused, scene.load.lost, scene.load.doubled,
            scene.load.seq_reused);
        EXPECT_EQ(scene.load.lost + scene.load.doubled + scene.load.seq_reused, 0U);
    }
}

// The folder of the first format, which no test makes anew: each release reads it, writes to it,
// and what the other has written is read again.
TEST(Upgrade, TakesUpTheFirstFormatAndGoesBackToIt) {
    const Installed installed(this_one);
    NodeProcessSettings settings{.broker = installed.broker().address(), .config = "", .flags = {}};
    settings.program = installed.path();
    NodeProcess node(std::move(settings));
    ASSERT_EQ(node.stop(), 0);
    const auto state = node.folder() / "state";
    std::filesystem::remove_all(state);
    std::filesystem::copy(source("tests/data/state-version-1"), state);

    BusClient client(installed.broker().address(), {replies});
    const auto governors = [&] {
        const std::string topic = node.root() + "/control";
        auto list = nlohmann::json::parse(client
                                              .ask({.topic = topic,
                                                    .payload = R"({"op":"list"})",
                                                    .response_topic = replies,
                                                    .has_response_topic = true},
                                                   patience)
                                              .payload)
                        .at("governors");
        std::map<std::string, std::pair<std::int64_t, std::int64_t>> known;
        for (const auto& row : list) {
            const std::string title =
                row.at("type").get<std::string>() + "/" + row.at("name").get<std::string>();
            known[title] = {row.at("tenants"), row.at("ids_used")};
        }
        return known;
    };
    node.start();
    const auto first = governors();
    std::int64_t tenants = 0;
    for (const auto& [title, levels] : first) {
        tenants += levels.first;
    }
    EXPECT_GT(tenants, 0) << "the folder has tenants";
    for (const Release& release : {next_one, this_one, next_one}) {
        installed.install(release);
        ASSERT_EQ(node.stop(), 0) << node.log();
        node.start();
        EXPECT_EQ(version_of(node), release.version);
        EXPECT_EQ(governors(), first);
    }
    EXPECT_EQ(node.stop(), 0);
    EXPECT_EQ(node.log().find("does not check out"), std::string::npos) << node.log();
}

}  // namespace
}  // namespace flyball::testing
