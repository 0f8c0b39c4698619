// flyball fleet: devices that come late or do not leave, a run that is stopped while it measures.

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/build_tree.h"
#include "tests/e2e/bus_client.h"
#include "tests/e2e/running_fleet.h"

namespace flyball::testing {
namespace {

class FleetTrouble : public RunningFleet {
protected:
    // The tool beside a node that is this script.
    std::unique_ptr<Program> start_with_node(const std::string& script,
                                             std::vector<std::string> arguments) const {
        const auto tool = place_.folder() / "flyball-tool";
        std::filesystem::copy_file(tool_program(), tool);
        const auto node = place_.folder() / "flyball-node";
        std::ofstream(node) << "#!/bin/sh\n" << script;
        std::filesystem::permissions(node, std::filesystem::perms::owner_all);
        arguments.insert(arguments.begin(), {tool, "fleet", "run", "--isolate"});
        return std::make_unique<Program>(arguments, place_.environment());
    }
    std::string report_folder() const { return place_.folder() / "report"; }
};

TEST_F(FleetTrouble, OneThatIsLeavingIsNotKilled) {
    const auto run = start_with_node("trap '' TERM\nexec sleep 600\n",
                                     {"--devices", "eu=2", "--rate", "0", "--for", "10m"});
    ASSERT_TRUE(await([](const Json& now) {
                    return node(now, "eu/device-02")["state"] == "starting";
                }).is_object())
        << run->err();
    EXPECT_EQ(fleet({"scale", "eu=-1"}).status, 0);
    EXPECT_EQ(node(status(), "eu/device-02")["state"], "leaving");
    const Ran kill = fleet({"kill", "eu/device-02"});
    EXPECT_EQ(kill.status, 2);
    EXPECT_NE((kill.out + kill.err).find("eu/device-02 is leaving"), std::string::npos)
        << kill.out << kill.err;
    EXPECT_EQ(status()["faults"], 0);
    EXPECT_EQ(fleet({"stop"}).status, 0);
    run->wait();
    expect_nothing_left();
}

// An `offline` of the one before it under its name, on its way through the hub until now.
TEST_F(FleetTrouble, WhoseNameHadAnOldFarewellIsAskedAllTheSame) {
    const std::string gate = place_.folder() / "gate";
    std::ofstream(gate) << "open";
    // A loop that sleeps only while the gate is shut.
    const auto run =
        start_with_node(fmt::format("while [ ! -e {} ]; do sleep 0.05; done\nexec {} \"$@\"\n",
                                    gate, node_program()),
                        {"--devices", "eu=1", "--governors", "5", "--rate", "100", "--for", "10m",
                         "--no-throughput", "--report", report_folder()});
    const Json now = await([](const Json& status) { return status["phase"] == "load"; });
    ASSERT_TRUE(now.is_object()) << run->err();
    std::filesystem::remove(gate);
    EXPECT_EQ(fleet({"scale", "eu=+1"}).status, 0);
    BusClient stranger(now["hub"], {"stranger/reply"});
    Message farewell;
    farewell.topic = "flyball/v1/eu/device-02/health";
    farewell.payload = R"({"status":"offline","session":1})";
    farewell.qos = Qos::at_least_once;
    stranger.publish(farewell);
    ASSERT_EQ(node(status(), "eu/device-02")["state"], "starting");
    std::ofstream(gate) << "open";
    ASSERT_TRUE(await(all_up(2)).is_object()) << run->err();
    EXPECT_EQ(fleet({"stop"}).status, 0);
    run->wait(90s);
    const Json report = read_report(report_folder());
    ASSERT_TRUE(report.is_object()) << run->err();
    EXPECT_EQ(report["load"]["regions"][0]["devices"], 2);
    expect_nothing_left();
}

TEST_F(FleetTrouble, WhatWasNotMeasuredIsNotInTheReport) {
    const auto run = start({"run", "--devices", "eu=1", "--governors", "5", "--rate", "50", "--for",
                            "1s", "--no-throughput", "--report", report_folder()});
    ASSERT_TRUE(await([](const Json& now) { return now["phase"] == "measuring"; }).is_object())
        << run->err();
    EXPECT_EQ(fleet({"stop"}).status, 0);
    run->wait(90s);
    const Json report = read_report(report_folder());
    ASSERT_TRUE(report.is_object()) << run->err();
    EXPECT_TRUE(report["filled"].is_null()) << report["filled"];
    EXPECT_TRUE(target(report, "snapshot ratio")["measured"].is_null());
    expect_nothing_left();
}

}  // namespace
}  // namespace flyball::testing
