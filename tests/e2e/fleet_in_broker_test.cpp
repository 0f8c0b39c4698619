// flyball fleet --in-broker: devices as plugins of their region's broker, which is killed.

#include <gtest/gtest.h>

#include "tests/e2e/bus_client.h"
#include "tests/e2e/running_fleet.h"

namespace flyball::testing {
namespace {

using FleetInBroker = RunningFleet;

TEST_F(FleetInBroker, DevicesInsideTheirBrokersKeepTheirStateWhenThoseAreKilled) {
    const std::string folder = place_.folder() / "report";
    const std::vector<std::string> preloaded{FLYBALL_PRELOADED};
    auto environment = place_.environment();
    environment.insert(environment.end(), preloaded.begin(), preloaded.end());
    Program run({FLYBALL_TOOL, "fleet", "run", "--in-broker", "--devices", "us-east=3,eu-west=2",
                 "--governors", "5", "--rate", "150", "--for", "10s", "--chaos", "broker=2/5s",
                 "--no-throughput", "--report", folder, "--seed",
                 std::to_string(number_from("FLYBALL_SEED", 3))},
                environment);
    const Json now = await([](const Json& status) { return status["phase"] == "load"; });
    ASSERT_TRUE(now.is_object()) << run.err();
    EXPECT_EQ(now["up"], 5);
    EXPECT_TRUE(node(now, "us-east/device-01")["pid"].is_null());
    EXPECT_EQ(fleet({"kill", "us-east/device-01"}).status, 2);
    EXPECT_EQ(fleet({"scale", "us-east=+1"}).status, 2);
    run.wait(120s);
    const Json report = read_report(folder);
    ASSERT_TRUE(report.is_object()) << run.err();
    for (const Json& line : report["invariants"]) {
        EXPECT_EQ(line["violations"], 0) << line << run.out();
    }
    EXPECT_EQ(report["fleet"]["devices_up"], 5) << run.out();
    EXPECT_GE(target(report, "availability")["measured"], 99.0) << run.out();
    bool killed = false;  // a broker that devices live in, not only the hub
    for (const Json& row : report["restarts"]) {
        killed = killed || row["node"] == "us-east/broker" || row["node"] == "eu-west/broker";
    }
    EXPECT_TRUE(killed) << report["restarts"];
    expect_nothing_left();
}

}  // namespace
}  // namespace flyball::testing
