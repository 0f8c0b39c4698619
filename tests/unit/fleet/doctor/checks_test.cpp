// What doctor says of a node's own health, and of the machine below it.

#include "fleet/doctor/checks.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "fleet/clock.h"

namespace flyball {
namespace {

ExaminedDevice device_at(const std::string& broker) {
    ExaminedDevice device;
    device.node = NodeName{"eu-west", "pi-7"};
    device.bus.broker = broker;
    return device;
}

std::string advice_of(const Findings& findings, const std::string& check) {
    for (const Finding& finding : findings.all()) {
        if (finding.check == check) {
            return finding.advice;
        }
    }
    return {};
}

// The usual reason of a fresh device: its unit keeps it from a broker that is elsewhere.
TEST(CheckHealth, OfANodeThatNeverReportedNamesTheUnitsAddressesWhenTheBrokerIsElsewhere) {
    const auto advice = [](const std::string& broker) {
        Findings findings;
        check_health(device_at(broker), nullptr, findings);
        return advice_of(findings, "health");
    };
    EXPECT_NE(advice("mqtts://hub:8883").find("IPAddressAllow="), std::string::npos);
    EXPECT_NE(advice("mqtts://hub:8883").find("its name?"), std::string::npos);
    EXPECT_EQ(advice("tcp://localhost:1883").find("IPAddressAllow="), std::string::npos);
    EXPECT_NE(advice("tcp://localhost:1883"), "");
}

TEST(CheckHealth, SaysWhatAClockWaitsFor) {
    const auto advice = [](const std::string& clock) {
        const Json report{{"status", "online"}, {"clock", clock}, {"clock_offset_ms", 7}};
        const HealthReport health{{"eu-west", "pi-7"}, report, true, wall_now()};
        Findings findings;
        check_health(device_at("tcp://localhost:1883"), &health, findings);
        return advice_of(findings, "node clock");
    };
    EXPECT_EQ(advice("ok"), "");
    EXPECT_NE(advice("behind").find("by itself"), std::string::npos);
    for (const char* const clock : {"unset", "suspect"}) {
        EXPECT_EQ(advice(clock).find("by itself"), std::string::npos);
        EXPECT_NE(advice(clock).find("set-ntp"), std::string::npos);
        EXPECT_NE(advice(clock).find("RTC"), std::string::npos);
        EXPECT_NE(advice(clock).find("set_time"), std::string::npos);
    }
}

class CheckMachine : public ::testing::Test {
protected:
    CheckMachine() { EXPECT_NE(::mkdtemp(folder_.data()), nullptr); }
    void TearDown() override { std::filesystem::remove_all(folder_); }
    // Whether the kernel's list of controllers is found to lack memory.
    std::string advice(const ExaminedDevice& device) const {
        Findings findings;
        check_machine(device, findings, list());
        return advice_of(findings, "memory bound");
    }
    std::string list() const { return folder_ + "/cgroup.controllers"; }

    std::string folder_ = ::testing::TempDir() + "flyball-XXXXXX";
};

TEST_F(CheckMachine, SaysThatAKernelWithoutMemoryControlHoldsNoUnitToItsBound) {
    ExaminedDevice device;
    device.unit = ServiceUnit{};
    EXPECT_EQ(advice(device), "") << "without the file nothing is known";
    std::ofstream(list()) << "cpuset cpu io memory pids\n";
    EXPECT_EQ(advice(device), "");
    std::ofstream(list()) << "cpuset cpu io pids\n";
    EXPECT_NE(advice(device).find("cgroup_enable=memory"), std::string::npos);
    EXPECT_NE(advice(device).find("/boot/firmware/cmdline.txt"), std::string::npos);
    device.unit.reset();
    EXPECT_EQ(advice(device), "") << "no unit, no bound";
}

}  // namespace
}  // namespace flyball
