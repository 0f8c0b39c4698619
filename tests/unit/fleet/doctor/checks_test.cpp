// What doctor says of a node's own health, and of the machine below it.

#include "fleet/doctor/checks.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace flyball
