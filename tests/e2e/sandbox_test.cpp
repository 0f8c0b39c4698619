// The real node under what its unit allows it (packaging/systemd, tests/packaging/under_unit.py): a
// call that the filter lacks ends it, the root is read-only but for the state folder, /proc shows
// processes only. A whole life: requests, health, control, reload, snapshots, stop and start.

#include <fmt/core.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "tests/build_tree.h"
#include "tests/e2e/broker.h"
#include "tests/e2e/kill_load.h"
#include "tests/e2e/node_process.h"
#include "tests/e2e/service_socket.h"

namespace flyball::testing {
namespace {

const std::string replies = "flyball/v1/reply/test/sandbox";
constexpr Span patience{20'000};

nlohmann::json ask(BusClient& client, const std::string& topic, const nlohmann::json& request) {
    const std::string payload = request.dump();
    return nlohmann::json::parse(client
                                     .ask({.topic = topic,
                                           .payload = payload,
                                           .response_topic = replies,
                                           .has_response_topic = true},
                                          patience)
                                     .payload);
}

void check_health(const NodeProcess& node) {
    BusClient watcher(node.broker(), {node.root() + "/health"});
    const auto report = nlohmann::json::parse(
        watcher.await([](const BusClient::Arrived&) { return true; }, patience).payload);
    EXPECT_EQ(report.at("status"), "online") << report;
    EXPECT_EQ(report.at("clock"), "ok") << report;
    EXPECT_TRUE(report.at("memory").at("pss_bytes").is_number()) << report;
    EXPECT_TRUE(report.at("memory").at("rss_bytes").is_number()) << report;
    EXPECT_GT(report.at("cpu").at("user_s"), 0.0) << report;
}

TEST(Sandbox, LetsTheNodeDoAllItsWork) {
    Broker broker;
    ServiceSocket manager;
    NodeProcessSettings settings{
        .broker = broker.address(),
        .config = std::string("[state]\ndurability = \"commit\"\n") + KillLoad::governors,
        .flags = {}};
    settings.program = built("tests/flyball-node-under-unit");
    settings.environment = {manager.variable(), "WATCHDOG_USEC=2000000"};
    NodeProcess node(std::move(settings));
    EXPECT_TRUE(manager.await_text("READY=1").starts_with("READY=1\nSTATUS=online, connected"));
    EXPECT_EQ(manager.count("WATCHDOG=1", Span{1200}) > 0, true);

    BusClient client(broker.address(), {replies});
    KillLoad load(client, node.root(), replies, 1);
    load.open_accounts();
    load.ask_new(200, 200);
    check_health(node);
    const auto control = [&](const nlohmann::json& request) {
        return ask(client, node.root() + "/control", request);
    };
    for (const nlohmann::json& request :
         std::vector<nlohmann::json>{{{"op", "snapshot"}},
                                     {{"op", "list"}},
                                     {{"op", "profile"}, {"for_ms", 50}},
                                     {{"op", "add_governor"},
                                      {"type", "compliance"},
                                      {"name", "more"},
                                      {"config", nlohmann::json::object()}},
                                     {{"op", "reload"}}}) {
        EXPECT_EQ(control(request).at("decision"), "ok") << request;
    }
    ::kill(node.pid(), SIGHUP);
    manager.await_text("RELOADING=1");
    load.life_ends();
    EXPECT_EQ(node.stop(), 0) << node.log();
    node.start();
    load.recheck();
    load.check_levels();
    EXPECT_EQ(load.lost + load.doubled, 0U);
    EXPECT_EQ(control({{"op", "drain"}}).at("decision"), "ok");
    EXPECT_EQ(node.wait(), 0) << node.log();
    const std::string log = node.log();
    ASSERT_NE(log.find("under_unit: "), std::string::npos) << log;
    fmt::print("{}\n", log.substr(log.find("under_unit: "), log.find('\n')));
}

}  // namespace
}  // namespace flyball::testing
