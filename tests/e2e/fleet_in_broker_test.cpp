// flyball fleet --in-broker: devices as plugins of their region's broker, which is killed.

#include <gtest/gtest.h>

#include "tests/build_tree.h"
#include "tests/e2e/bus_client.h"
#include "tests/e2e/running_fleet.h"

namespace flyball::testing {
namespace {

class FleetInBroker : public RunningFleet {
protected:
    // The tool with the broker's sanitizer loaded first, where there is one.
    std::vector<std::string> environment() const {
        auto all = place_.environment();
        const std::vector<std::string> sanitizers = preloaded();
        all.insert(all.end(), sanitizers.begin(), sanitizers.end());
        return all;
    }
};

TEST_F(FleetInBroker, HasNoDevicesThatEndOrBeginWithoutTheirBroker) {
    Program run({tool_program(), "fleet", "run", "--in-broker", "--devices", "eu-west=1",
                 "--governors", "5", "--rate", "0", "--for", "10m"},
                environment());
    const Json now = await(all_up(1));
    ASSERT_TRUE(now.is_object()) << run.err();
    EXPECT_TRUE(node(now, "eu-west/device-01")["pid"].is_null());
    EXPECT_EQ(fleet({"kill", "eu-west/device-01"}).status, 2);
    EXPECT_EQ(fleet({"scale", "eu-west=+1"}).status, 2);
    EXPECT_EQ(fleet({"stop"}).status, 0);
    run.wait(60s);
    expect_nothing_left();
}

TEST_F(FleetInBroker, DevicesInsideTheirBrokersKeepTheirStateWhenThoseAreKilled) {
    const std::string folder = place_.folder() / "report";
    Program run({tool_program(), "fleet", "run", "--in-broker", "--devices", "us-east=3,eu-west=2",
                 "--governors", "5", "--rate", "150", "--for", "10s", "--chaos", "broker=2/5s",
                 "--no-throughput", "--report", folder, "--seed",
                 std::to_string(number_from("FLYBALL_SEED", 3))},
                environment());
    const Json now = await(all_up(5));
    ASSERT_TRUE(now.is_object()) << run.err();
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
