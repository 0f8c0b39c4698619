// What doctor says of a node's own health, and of the machine below it.

#include "fleet/doctor/checks.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>

#include "fleet/clock.h"

namespace flyball {
namespace {

ExaminedDevice device_at(const std::string& broker) {
    ExaminedDevice device;
    device.node = NodeName{"eu-west", "pi-7"};
    device.bus.broker = broker;
    return device;
}

// Nothing: there was no such check.
std::optional<Finding> found(const Findings& findings, const std::string& check) {
    for (const Finding& finding : findings.all()) {
        if (finding.check == check) {
            return finding;
        }
    }
    return std::nullopt;
}

std::string advice_of(const Findings& findings, const std::string& check) {
    const auto finding = found(findings, check);
    return finding ? finding->advice : std::string();
}

ExaminedDevice service_at(const std::string& broker) {
    ExaminedDevice device = device_at(broker);
    device.config = NodeConfig{};
    device.config->region = "eu-west";
    device.config->node = "pi-7";
    device.unit = ServiceUnit{};
    device.is_units_config = true;
    device.is_service = true;
    return device;
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

TEST(CheckHealth, OfANodeThatNeverReportedFailsWhereItIsAService) {
    const auto grade = [](const ExaminedDevice& device) {
        Findings findings;
        check_health(device, nullptr, findings);
        return found(findings, "health")->grade;
    };
    EXPECT_EQ(grade(device_at("tcp://localhost:1883")), Grade::warn);
    ExaminedDevice service = service_at("tcp://localhost:1883");
    EXPECT_EQ(grade(service), Grade::fail);
    service.node = NodeName{"eu-west", "pi-8"};
    EXPECT_EQ(grade(service), Grade::warn) << "asked for by its name: it may be elsewhere";
}

TEST(CheckHealth, OfADegradedNodeFailsWhenRequestsOrStateAreLost) {
    const auto health_of = [](Json report) {
        report["status"] = "degraded";
        report["at"] = to_ms(wall_now());
        const HealthReport health{{"eu-west", "pi-7"}, report, true, wall_now()};
        Findings findings;
        check_health(device_at("tcp://localhost:1883"), &health, findings);
        return *found(findings, "health");
    };
    EXPECT_EQ(health_of({{"clock", "behind"}}).grade, Grade::warn);
    EXPECT_EQ(health_of(Json::object()).grade, Grade::warn) << "another node with its name";
    const Json up{{"type", "quota"}, {"name", "main"}, {"status", "up"}};
    const Json down{{"type", "ledger"}, {"name", "main"}, {"status", "down"}};
    EXPECT_EQ(health_of({{"governors", Json::array({up})}}).grade, Grade::warn);
    const Finding governor = health_of({{"governors", Json::array({up, down})}});
    EXPECT_EQ(governor.grade, Grade::fail);
    EXPECT_NE(governor.text.find("ledger/main is down"), std::string::npos) << governor.text;
    EXPECT_NE(governor.advice.find("journalctl -u flyball-node"), std::string::npos);
    const Finding journal = health_of({{"journal", {{"last_error", "No space left"}}}});
    EXPECT_EQ(journal.grade, Grade::fail);
    EXPECT_NE(journal.text.find("No space left"), std::string::npos) << journal.text;
}

class CheckUnit : public ::testing::Test {
protected:
    CheckUnit() { unit().at_boot = "enabled"; }
    ServiceUnit& unit() { return *device_.unit; }
    // Nothing: nothing was said.
    std::optional<Finding> look(const std::string& active, const std::string& sub_state) {
        unit().active = active;
        unit().sub_state = sub_state;
        Findings findings;
        check_unit(device_, findings);
        return found(findings, "service");
    }

    ExaminedDevice device_ = service_at("tcp://localhost:1883");
};

TEST_F(CheckUnit, IsWellWhileItRuns) {
    EXPECT_EQ(look("active", "running")->grade, Grade::ok);
    EXPECT_EQ(look("reloading", "reload")->grade, Grade::ok);
    unit().restarts = "0";
    EXPECT_EQ(look("activating", "start")->grade, Grade::warn) << "a long journal is read";
}

TEST_F(CheckUnit, FailsWithItsResultAndWhereToLook) {
    unit().result = "exit-code";
    const auto failed = look("failed", "failed");
    EXPECT_EQ(failed->grade, Grade::fail);
    EXPECT_NE(failed->text.find("is failed, its last result exit-code"), std::string::npos)
        << failed->text;
    EXPECT_NE(failed->advice.find("journalctl -u flyball-node"), std::string::npos);
    EXPECT_EQ(look("activating", "auto-restart")->grade, Grade::fail);
    EXPECT_EQ(look("deactivating", "stop-sigterm")->grade, Grade::fail);
    unit().result = "success";
    unit().restarts = "3";
    const auto again = look("activating", "start");
    EXPECT_EQ(again->grade, Grade::fail) << "it starts over and over";
    EXPECT_NE(again->text.find("started again 3 times"), std::string::npos) << again->text;
}

TEST_F(CheckUnit, FailsWhenItIsStoppedUnlessNobodyWantsItToRun) {
    const auto stopped = look("inactive", "dead");
    EXPECT_EQ(stopped->grade, Grade::fail);
    EXPECT_NE(stopped->advice.find("systemctl start flyball-node"), std::string::npos);
    EXPECT_NE(stopped->advice.find("journalctl -u flyball-node"), std::string::npos);
    unit().at_boot = "disabled";
    EXPECT_EQ(look("inactive", "dead")->grade, Grade::warn);
    EXPECT_EQ(look("failed", "failed")->grade, Grade::fail);
}

TEST_F(CheckUnit, SaysNothingWithoutOneOrOfAnotherNode) {
    EXPECT_FALSE(look("", "")) << "a systemctl that does not say";
    device_.is_units_config = false;
    EXPECT_FALSE(look("failed", "failed"));
    device_.unit.reset();
    Findings findings;
    check_unit(device_, findings);
    EXPECT_TRUE(findings.all().empty());
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
