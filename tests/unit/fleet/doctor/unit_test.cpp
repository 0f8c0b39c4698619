// The service as doctor knows it: what systemctl prints, and which files it is kept from.

#include "fleet/doctor/unit.h"

#include <grp.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "fleet/clock.h"
#include "fleet/doctor/checks.h"

namespace flyball {
namespace {

constexpr const char* printed =
    "User=flyball\nGroup=\nSupplementaryGroups=ssl-cert mosquitto\nProtectHome=yes\n"
    "Environment=TZ=UTC FLYBALL_NODE=pi-7 \"FLYBALL_MQTT_USERNAME=a b\"\n"
    "EnvironmentFiles=/etc/default/flyball (ignore_errors=yes)\n"
    "EnvironmentFiles=/etc/a (b (ignore_errors=no)\nLoadState=loaded\n"
    "ActiveState=activating\nSubState=auto-restart\nResult=exit-code\n"
    "UnitFileState=enabled\nNRestarts=4\n";

TEST(ReadUnit, TakesWhatSystemctlShows) {
    const auto unit = read_unit(printed);
    ASSERT_TRUE(unit.has_value());
    EXPECT_EQ(unit->user, "flyball");
    EXPECT_EQ(unit->groups, (std::vector<std::string>{"ssl-cert", "mosquitto"}));
    EXPECT_TRUE(unit->hides_home);
    EXPECT_EQ(unit->variables, (std::vector<std::string>{"FLYBALL_NODE", "FLYBALL_MQTT_USERNAME"}));
    EXPECT_EQ(unit->variable_files,
              (std::vector<std::string>{"/etc/default/flyball", "/etc/a (b"}));
    EXPECT_EQ(unit->active, "activating");
    EXPECT_EQ(unit->sub_state, "auto-restart");
    EXPECT_EQ(unit->result, "exit-code");
    EXPECT_EQ(unit->at_boot, "enabled");
    EXPECT_EQ(unit->restarts, "4");
    EXPECT_FALSE(read_unit("ProtectHome=read-only\nLoadState=loaded\n")->hides_home);
}

TEST(ReadUnit, IsNoneThatIsNotInstalled) {
    EXPECT_FALSE(read_unit("User=\nLoadState=not-found\n").has_value());
    EXPECT_FALSE(read_unit("LoadState=masked").has_value());
    EXPECT_FALSE(read_unit("").has_value());
}

// A user that is made for the run: the system has no such name.
ServiceUnit dynamic_unit() {
    return {.user = "flyball-of-no-system", .groups = {}, .hides_home = false, .variables = {}};
}

class ServiceFile : public ::testing::Test {
protected:
    ServiceFile() {
        EXPECT_NE(::mkdtemp(folder_.data()), nullptr);
        ::chmod(folder_.c_str(), 0755);
        std::ofstream(file()) << "secret\n";
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }
    std::string file() const { return folder_ + "/password"; }
    std::string why(mode_t mode, const ServiceUnit& unit) const {
        ::chmod(file().c_str(), mode);
        return why_unread(unit, file());
    }
    Finding looked_at(const std::string& path, bool is_service) const {
        ExaminedDevice device;
        device.unit = dynamic_unit();
        device.is_service = is_service;
        device.bus.password_file = path;
        Findings findings;
        check_files(device, wall_now(), findings);
        EXPECT_EQ(findings.all().size(), 1U);
        return findings.all().front();
    }

    std::string folder_ = ::testing::TempDir() + "flyball-XXXXXX";
};

TEST_F(ServiceFile, IsReadByOthersThanItsOwnerAsItsModeSays) {
    EXPECT_NE(why(0600, dynamic_unit()).find("mode 0600"), std::string::npos);
    EXPECT_NE(why(0640, dynamic_unit()), "") << "its group is not the service's";
    EXPECT_EQ(why(0644, dynamic_unit()), "");
    ServiceUnit in_group = dynamic_unit();
    in_group.groups = {std::to_string(::getegid())};
    EXPECT_EQ(why(0640, in_group), "");
    EXPECT_NE(why(0600, in_group), "");
    in_group.groups = {"no-such-group-here"};
    EXPECT_NE(why(0640, in_group), "");
    in_group.user = "root";
    EXPECT_EQ(why(0600, in_group), "");
    EXPECT_EQ(why_unread(dynamic_unit(), folder_ + "/nothing"), "") << "that is said elsewhere";
}

TEST_F(ServiceFile, IsBehindAFolderThatOnlyItsOwnerMayPass) {
    ::chmod(folder_.c_str(), 0700);
    EXPECT_NE(why(0644, dynamic_unit()).find(folder_ + " has mode 0700"), std::string::npos);
    EXPECT_NE(why(0644, dynamic_unit()).find("pass through"), std::string::npos);
    ::chmod(folder_.c_str(), 0711);
    EXPECT_EQ(why(0644, dynamic_unit()), "") << "who knows the name need not list the folder";
    ServiceUnit in_group = dynamic_unit();
    in_group.groups = {std::to_string(::getegid())};
    ::chmod(folder_.c_str(), 0710);
    EXPECT_EQ(why(0644, in_group), "");
    EXPECT_NE(why(0644, dynamic_unit()), "");
}

TEST_F(ServiceFile, IsNotBehindTheFolderOfStates) {
    const std::string state = folder_ + "/private/flyball";
    std::filesystem::create_directories(state);
    ::chmod((folder_ + "/private").c_str(), 0700);
    std::ofstream(state + "/ca.crt") << "certificate\n";
    ServiceUnit unit = dynamic_unit();
    EXPECT_NE(why_unread(unit, state + "/ca.crt"), "");
    unit.states = folder_ + "/private";
    EXPECT_EQ(why_unread(unit, state + "/ca.crt"), "");
    ::chmod((state + "/ca.crt").c_str(), 0600);
    EXPECT_NE(why_unread(unit, state + "/ca.crt"), "");
}

TEST_F(ServiceFile, OfVariablesIsReadForTheirNamesOnly) {
    std::ofstream(file()) << "# FLYBALL_A=1\nTZ=UTC\n FLYBALL_NODE=pi-7\nFLYBALL_B\n"
                          << "FLYBALL_MQTT_PASSWORD_FILE='/x=y'\n=FLYBALL_C\n";
    EXPECT_EQ(variables_of_file(file()),
              (std::vector<std::string>{"FLYBALL_NODE", "FLYBALL_MQTT_PASSWORD_FILE"}));
    EXPECT_TRUE(variables_of_file(folder_ + "/nothing").empty());
}

TEST_F(ServiceFile, IsReadByAGroupOfThatName) {
    const group* const own = ::getgrgid(::getegid());
    if (own == nullptr) {
        GTEST_SKIP() << "the test's group has no name here";
    }
    ServiceUnit unit = dynamic_unit();
    unit.groups = {own->gr_name};
    EXPECT_EQ(why(0640, unit), "");
}

TEST_F(ServiceFile, IsNotSeenBelowHome) {
    ServiceUnit unit = dynamic_unit();
    EXPECT_EQ(why_unread(unit, "/home/nobody-here/ca.crt"), "");
    unit.hides_home = true;
    EXPECT_NE(why_unread(unit, "/home/nobody-here/ca.crt").find("below /home"), std::string::npos);
    std::filesystem::create_symlink("/home", folder_ + "/link");
    EXPECT_NE(why_unread(unit, folder_ + "/link/nobody-here/ca.crt"), "");
    EXPECT_EQ(why_unread(unit, "/homes/ca.crt"), "");
}

TEST_F(ServiceFile, FailsWithTheCureWhenOnlyRootMayReadIt) {
    ::chmod(file().c_str(), 0600);
    EXPECT_EQ(looked_at(file(), false).grade, Grade::ok);
    const Finding found = looked_at(file(), true);
    EXPECT_EQ(found.grade, Grade::fail);
    EXPECT_NE(found.advice.find("LoadCredential=password:" + file()), std::string::npos);
    EXPECT_NE(found.advice.find("\"/run/credentials/flyball-node.service/password\""),
              std::string::npos)
        << found.advice;
}

TEST_F(ServiceFile, IsNoFaultWhenItIsACredentialAndTheServiceIsDown) {
    const Finding found = looked_at("/run/credentials/no-such.service/password", true);
    EXPECT_EQ(found.grade, Grade::warn);
    EXPECT_NE(found.text.find("only while the service runs"), std::string::npos);
    EXPECT_EQ(looked_at(folder_ + "/nothing", true).grade, Grade::fail);
}

TEST(ServiceFolder, IsListedAndPassedOrItIsNotRead) {
    std::string folder = ::testing::TempDir() + "flyball-XXXXXX";
    ASSERT_NE(::mkdtemp(folder.data()), nullptr);
    for (const mode_t mode : {0700U, 0744U, 0711U}) {
        ::chmod(folder.c_str(), mode);
        EXPECT_NE(why_unread(dynamic_unit(), folder).find("cannot read it"), std::string::npos)
            << std::oct << mode;
    }
    ::chmod(folder.c_str(), 0755);
    EXPECT_EQ(why_unread(dynamic_unit(), folder), "");
    std::filesystem::remove_all(folder);
}

// node.toml and node.toml.d with one file, all of them readable to everybody.
class ServiceConfig : public ServiceFile {
protected:
    ServiceConfig() {
        std::filesystem::create_directory(config() + ".d");
        for (const std::string& file : {config(), addition(), ignored()}) {
            std::ofstream(file) << "region = \"eu-west\"\n";
            ::chmod(file.c_str(), 0644);
        }
        ::chmod((config() + ".d").c_str(), 0755);
        ::chmod(ignored().c_str(), 0600);
        device_.unit = dynamic_unit();
        device_.is_service = true;
        device_.config_file = config();
        device_.config_folder = config() + ".d";
    }
    std::string config() const { return folder_ + "/node.toml"; }
    std::string addition() const { return config() + ".d/10.toml"; }
    std::string ignored() const { return config() + ".d/.20.toml"; }
    // With `path` in that mode; only failures count.
    Findings looked_at(const std::string& path, mode_t mode) {
        ::chmod(path.c_str(), mode);
        Findings findings;
        check_files(device_, wall_now(), findings);
        EXPECT_EQ(findings.count(Grade::fail), findings.all().size());
        return findings;
    }

    ExaminedDevice device_;
};

TEST_F(ServiceConfig, IsFoundWellWhenAllMayReadIt) {
    EXPECT_TRUE(looked_at(config(), 0644).all().empty());
}

TEST_F(ServiceConfig, FailsWithTheCureWhenOnlyRootMayReadIt) {
    for (const auto& [path, mode] : {std::pair<std::string, mode_t>{config(), 0600},
                                     {config() + ".d", 0711},
                                     {addition(), 0640}}) {
        const Findings findings = looked_at(path, mode);
        ASSERT_EQ(findings.all().size(), 1U) << path;
        const Finding& found = findings.all().front();
        EXPECT_EQ(found.check, "config access");
        EXPECT_NE(found.text.find(path + " has mode"), std::string::npos) << found.text;
        EXPECT_NE(found.advice.find("chmod a+rX "), std::string::npos);
        EXPECT_NE(found.advice.find(" " + path), std::string::npos) << found.advice;
        ::chmod(path.c_str(), 0755);
    }
    device_.is_service = false;
    EXPECT_TRUE(looked_at(config(), 0600).all().empty()) << "another node's is not judged";
}

}  // namespace
}  // namespace flyball
