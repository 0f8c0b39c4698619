// The real node under a service manager of the test's making: when it is ready, what it says, and
// that its watchdog is fed by an engine that gets on, and by nothing else.

#include <gtest/gtest.h>
#include <signal.h>

#include <charconv>
#include <chrono>
#include <fstream>

#include "tests/build_tree.h"
#include "tests/e2e/broker.h"
#include "tests/e2e/bus_client.h"
#include "tests/e2e/node_process.h"
#include "tests/e2e/service_socket.h"

namespace flyball::testing {
namespace {

constexpr Span ten_feeds{2000};  // at a quarter of what the watchdog bears

std::int64_t monotonic_us_now() {
    return std::chrono::duration_cast<std::chrono::microseconds>(
               std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

NodeProcessSettings settings_of(const Broker& broker, const ServiceSocket& manager) {
    NodeProcessSettings settings{.broker = broker.address(), .config = "", .flags = {}};
    settings.environment = {manager.variable()};
    settings.in_broker = false;
    return settings;
}

TEST(Service, IsToldWhatTheNodeIsAbout) {
    Broker broker;
    ServiceSocket manager;
    NodeProcess node(settings_of(broker, manager));
    EXPECT_EQ(manager.await_text("READY=1"),
              "READY=1\nSTATUS=online, connected to " + broker.address());

    const std::int64_t before_us = monotonic_us_now();
    ::kill(node.pid(), SIGHUP);
    const std::string reloading = manager.await_text("RELOADING=1\nMONOTONIC_USEC=");
    const std::string digits = reloading.substr(reloading.rfind('=') + 1);
    std::int64_t at_us = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), at_us);
    EXPECT_GE(at_us, before_us);
    EXPECT_LE(at_us, monotonic_us_now());
    EXPECT_EQ(manager.await([](const std::string&) { return true; }), "READY=1");

    EXPECT_EQ(node.stop(), 0);
    EXPECT_TRUE(manager.await_text("STOPPING=1").starts_with("STOPPING=1\nSTATUS=stopping"));
}

TEST(Service, IsReadyWithoutABrokerAndSaysWhenThereIsOne) {
    Broker broker;
    ServiceSocket manager;
    NodeProcess node(settings_of(broker, manager));
    EXPECT_EQ(node.stop(), 0);
    manager.await_text("STOPPING=1");
    broker.stop();
    node.launch();
    EXPECT_EQ(manager.await_text("READY=1"),
              "READY=1\nSTATUS=online, no broker at " + broker.address() + ", trying again");
    broker.start();
    EXPECT_EQ(manager.await_text("STATUS="), "STATUS=online, connected to " + broker.address());
}

// A node whose calls of the system hang while these files exist.
class StallingNode {
public:
    explicit StallingNode(const char* durability) {
        NodeProcessSettings settings = settings_of(broker_, manager);
        settings.config = std::string("[health]\ninterval = \"1s\"\n[state]\ndurability = \"") +
                          durability + "\"\n";
        settings.program = built("tests/flyball_node_stalling");
        for (const char* const what : {"SYNC", "ENGINE"}) {
            settings.environment.push_back(std::string("FLYBALL_STALLS_") + what + "=" +
                                           file_of(what).string());
        }
        settings.environment.emplace_back("WATCHDOG_USEC=800000");
        node = std::make_unique<NodeProcess>(std::move(settings));
        manager.await_text("READY=1");
    }
    void hold(const char* what) const { std::ofstream(file_of(what)) << "held"; }
    void ask() const {
        BusClient client(broker_.address(), {});
        const std::string topic = node->root() + "/quota/main/request";
        client.publish({.topic = topic, .payload = R"({"tenant":"acme"})"});
        client.publish({.topic = topic, .payload = R"({"tenant":"acme","id":1})"});
    }
    void let_go(const char* what) const { std::filesystem::remove(file_of(what)); }

    ServiceSocket manager;
    std::unique_ptr<NodeProcess> node;

private:
    std::filesystem::path file_of(const char* what) const { return broker_.folder() / what; }

    Broker broker_;
};

// However slow the machine: so many feeds, each with a deadline of its own.
void await_feeds(ServiceSocket& manager) {
    for (int feed = 0; feed < 5; ++feed) {
        manager.await_text("WATCHDOG=1");
    }
}

bool falls_silent(ServiceSocket& manager) {
    constexpr int looks = 10;
    for (int look = 0; look < looks; ++look) {
        if (manager.count("WATCHDOG=1", ten_feeds) == 0) {
            return true;
        }
    }
    return false;
}

TEST(Service, FeedsTheWatchdogUntilTheEngineHangs) {
    StallingNode stalling("interval");
    await_feeds(stalling.manager);
    stalling.hold("ENGINE");
    // Within a second health is due, and whoever reports it has the engine for good.
    EXPECT_TRUE(falls_silent(stalling.manager));
    stalling.let_go("ENGINE");
    await_feeds(stalling.manager);
    EXPECT_EQ(stalling.node->stop(), 0);
}

TEST(Service, FeedsTheWatchdogWhileTheCardIsBusy) {
    for (const char* const durability : {"commit", "interval"}) {
        SCOPED_TRACE(durability);
        StallingNode stalling(durability);
        stalling.hold("SYNC");
        stalling.ask();  // there is something to sync
        static_cast<void>(stalling.manager.count("WATCHDOG=1", ten_feeds));
        await_feeds(stalling.manager);
        stalling.let_go("SYNC");
        EXPECT_EQ(stalling.node->stop(), 0);
    }
}

}  // namespace
}  // namespace flyball::testing
