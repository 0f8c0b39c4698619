// flyball doctor as a script sees it: on a device that is well, on one where each thing in turn is
// wrong, and where there is nothing at all.

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "tests/build_tree.h"
#include "tests/e2e/broker.h"
#include "tests/e2e/node_process.h"
#include "tests/unit/fleet/program.h"

namespace flyball::testing {
namespace {

using Json = nlohmann::json;

struct Report {
    int status = -1;
    Json json;
    std::string err;

    // The grade of a check; empty: there was none.
    std::string grade(const std::string& check) const { return at(check, "grade"); }
    std::string text(const std::string& check) const { return at(check, "text"); }
    std::string at(const std::string& check, const char* key) const {
        for (const Json& one : json.at("checks")) {
            if (one.at("check") == check) {
                return one.at(key);
            }
        }
        return {};
    }
};

Report doctor(std::vector<std::string> arguments,
              const std::vector<std::string>& environment = {}) {
    arguments.insert(arguments.begin(), {tool_program(), "doctor", "--json", "--timeout", "5s"});
    Program program(arguments, environment);
    Report report{.status = program.wait(), .json = {}, .err = program.err()};
    report.json = Json::parse(program.out(), nullptr, false);
    EXPECT_TRUE(report.json.is_object()) << program.out() << report.err;
    return report;
}

std::string read(const std::string& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

class Doctor : public ::testing::Test {
protected:
    Doctor() : node_({.broker = broker_.address(), .config = "", .flags = {}}) {
        write("region = \"test\"\nnode = \"node\"\n");
    }
    // The configuration that doctor reads; the node has its own settings by flags.
    void write(const std::string& more) const {
        std::ofstream(config()) << more << "[mqtt]\nbroker = \"" << broker_.address()
                                << "\"\n[state]\ndir = \"" << (node_.folder() / "state").string()
                                << "\"\n";
    }
    std::string config() const { return node_.folder() / "doctor.toml"; }
    Report look() const { return doctor({"--config", config()}); }

    Broker broker_;
    NodeProcess node_;
};

TEST_F(Doctor, FindsADeviceWell) {
    const Report report = look();
    for (const char* const check :
         {"program", "config", "state folder", "disk space", "disk sync", "state", "broker",
          "round trip", "packet size", "health", "pages"}) {
        EXPECT_EQ(report.grade(check), "ok") << check << ": " << report.json.dump(2);
    }
    EXPECT_EQ(report.json.at("node"), "test/node");
    EXPECT_EQ(report.json.at("fail"), 0) << report.json.dump(2);
    EXPECT_EQ(report.status, 0) << report.err;
    EXPECT_NE(report.text("broker").find("MQTT 5"), std::string::npos) << report.text("broker");
    EXPECT_NE(report.text("broker").find("mosquitto version"), std::string::npos);
    EXPECT_TRUE(node_.running());
    for (const auto& file : std::filesystem::directory_iterator(node_.folder() / "state")) {
        EXPECT_EQ(file.path().filename().string().find("doctor"), std::string::npos)
            << "nothing is left behind";
    }
}

TEST_F(Doctor, SaysWhatToDoOnATerminal) {
    ::chmod((node_.folder() / "state").c_str(), 0755);
    Program program({tool_program(), "doctor", "--config", config()});
    EXPECT_EQ(program.wait(), 0) << program.err();
    EXPECT_NE(program.out().find("chmod 0700 "), std::string::npos) << program.out();
    EXPECT_NE(program.out().find(" to look at, 0 wrong\n"), std::string::npos) << program.out();
}

TEST_F(Doctor, FindsThatTheNodeIsGone) {
    EXPECT_EQ(node_.stop(), 0);
    const Report stopped = look();
    EXPECT_EQ(stopped.status, 1);
    EXPECT_EQ(stopped.grade("health"), "fail") << stopped.json.dump(2);
    EXPECT_NE(stopped.text("health").find("offline"), std::string::npos);
    write("region = \"test\"\nnode = \"other\"\n");
    const Report unknown = look();
    EXPECT_EQ(unknown.grade("health"), "warn") << "no service: it may be elsewhere, or not begun";
    EXPECT_EQ(doctor({"test/node", "--config", config()}).grade("health"), "fail");
}

TEST_F(Doctor, FindsAFaultInTheConfiguration) {
    write("regoin = \"test\"\n");
    const Report report = look();
    EXPECT_EQ(report.status, 1);
    EXPECT_EQ(report.grade("config"), "fail");
    EXPECT_NE(report.text("config").find("regoin"), std::string::npos) << report.json.dump(2);
}

TEST_F(Doctor, FindsDamagedState) {
    EXPECT_EQ(node_.stop(), 0);
    for (const auto& file : std::filesystem::directory_iterator(node_.folder() / "state")) {
        if (file.path().filename().string().starts_with("snapshot-")) {
            std::fstream(file.path(), std::ios::in | std::ios::out | std::ios::binary)
                .seekp(40)
                .write("damage", 6);
        }
    }
    const Report report = look();
    EXPECT_EQ(report.grade("state"), "fail") << report.json.dump(2);
    EXPECT_EQ(report.status, 1);
}

TEST_F(Doctor, FindsFilesThatOthersMayRead) {
    const std::string password = node_.folder() / "password";
    std::ofstream(password) << "secret\n";
    std::ofstream(config()) << "region = \"test\"\nnode = \"node\"\n[mqtt]\nbroker = \""
                            << broker_.address() << "\"\nusername = \"pi\"\npassword_file = \""
                            << password << "\"\n[state]\ndir = \""
                            << (node_.folder() / "state").string() << "\"\n";
    ::chmod(password.c_str(), 0640);
    EXPECT_EQ(look().grade("password"), "ok");
    ::chmod(password.c_str(), 0644);
    ::chmod(config().c_str(), 0666);
    const Report report = look();
    EXPECT_EQ(report.grade("password"), "fail") << report.json.dump(2);
    EXPECT_EQ(report.grade("config mode"), "fail");
    EXPECT_EQ(report.json.dump().find("secret"), std::string::npos);
    std::filesystem::remove(password);
    EXPECT_EQ(look().grade("password"), "fail");
}

TEST_F(Doctor, FindsCertificatesThatEndSoonOrAreNone) {
    const std::string folder = node_.folder();
    const auto dates_of = [&](const std::string& options) {
        const std::string command = "cd '" + folder +
                                    "' && openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=x "
                                    "-keyout key.pem -out cert.pem " +
                                    options + " 2>/dev/null && chmod 0640 key.pem";
        Program made({"/bin/sh", "-c", command});
        EXPECT_EQ(made.wait(), 0) << made.err();
        std::ofstream(config()) << "[mqtt]\nbroker = \"mqtts://127.0.0.1:1\"\ncert_file = \""
                                << folder << "/cert.pem\"\nkey_file = \"" << folder
                                << "/key.pem\"\n";
        return look();
    };
    EXPECT_EQ(dates_of("-days 90").grade("certificate"), "ok");
    const Report soon = dates_of("-days 10");
    EXPECT_EQ(soon.grade("certificate"), "warn") << soon.json.dump(2);
    EXPECT_NE(soon.text("certificate").find("ends in 9 d"), std::string::npos);
    EXPECT_EQ(soon.grade("key"), "ok");
    const Report broken = [&] {
        std::ofstream(folder + "/cert.pem") << "nonsense";
        return look();
    }();
    EXPECT_EQ(broken.grade("certificate"), "fail");
    EXPECT_EQ(broken.grade("broker"), "fail");
}

// While an authority is replaced its file has the old one and the new: the node takes either.
TEST_F(Doctor, TakesTheLatestOfTheAuthorities) {
    const std::string folder = node_.folder();
    const auto make = [&](const std::string& days, const std::string& file) {
        const std::string command = "cd '" + folder +
                                    "' && openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=x "
                                    "-keyout ca.key -out " +
                                    file + " -days " + days + " 2>/dev/null";
        Program made({"/bin/sh", "-c", command});
        EXPECT_EQ(made.wait(), 0) << made.err();
        return read(folder + "/" + file);
    };
    const std::string old = make("3", "old.pem");
    const std::string fresh = make("90", "new.pem");
    std::ofstream(config()) << "[mqtt]\nbroker = \"mqtts://127.0.0.1:1\"\nca_file = \"" << folder
                            << "/ca.pem\"\n";
    for (const std::string& bundle : {old + fresh, fresh + old}) {
        std::ofstream(folder + "/ca.pem") << bundle;
        EXPECT_EQ(look().grade("authority"), "ok") << look().json.dump(2);
    }
    std::ofstream(folder + "/ca.pem") << old;
    EXPECT_EQ(look().grade("authority"), "warn");
    std::ofstream(folder + "/ca.pem") << "nonsense";
    EXPECT_EQ(look().grade("authority"), "fail");
}

TEST(DoctorAlone, WorksWithoutABrokerAndWithoutAConfiguration) {
    EXPECT_EQ(doctor({"--config", "/nonexistent/node.toml"}).grade("config"), "fail");
    const Report report =
        doctor({"--broker", "tcp://127.0.0.1:1", "--state-dir", "/nonexistent/state"});
    EXPECT_EQ(report.status, 1);
    EXPECT_EQ(report.grade("config"), "ok") << report.json.dump(2);
    EXPECT_EQ(report.grade("broker"), "fail");
    EXPECT_EQ(report.grade("state folder"), "ok");
    EXPECT_NE(report.text("broker").find("127.0.0.1:1"), std::string::npos);
}

// A systemd that knows the unit stands first on PATH.
TEST_F(Doctor, KnowsWhatTheInstalledUnitIsKeptFrom) {
    const std::string folder = node_.folder();
    const std::string password = folder + "/password";
    std::ofstream(password) << "secret\n";
    ::chmod(password.c_str(), 0600);
    std::ofstream(folder + "/systemctl")
        << "#!/bin/sh\necho User=flyball\necho ProtectHome=no\necho LoadState=loaded\n"
           "echo 'Environment=FLYBALL_NODE=pi-7 \"FLYBALL_MQTT_BROKER=secret\"'\n";
    ::chmod((folder + "/systemctl").c_str(), 0755);
    const auto look_at = [&](const std::string& file) {
        return doctor({}, {"PATH=" + folder + ":" + std::getenv("PATH"), "FLYBALL_MQTT_USERNAME=pi",
                           "FLYBALL_MQTT_PASSWORD_FILE=" + file});
    };
    const Report kept = look_at(password);
    EXPECT_EQ(kept.grade("password"), "fail") << kept.json.dump(2);
    EXPECT_NE(kept.at("password", "advice").find("LoadCredential="), std::string::npos);
    EXPECT_EQ(kept.grade("unit"), "warn");
    EXPECT_NE(kept.text("unit").find("FLYBALL_NODE, FLYBALL_MQTT_BROKER"), std::string::npos);
    EXPECT_EQ(kept.json.dump().find("secret"), std::string::npos);
    const Report down = look_at("/run/credentials/flyball-node.service/password");
    EXPECT_EQ(down.grade("password"), "warn") << down.json.dump(2);
    EXPECT_EQ(down.grade("broker"), "fail");
    EXPECT_NE(down.at("broker", "advice").find("systemctl status flyball-node"), std::string::npos);
    EXPECT_EQ(look().grade("unit"), "") << "another configuration is not the unit's";
}

// Another login or broker for the looking makes no difference to that.
TEST_F(Doctor, FindsThatTheInstalledServiceDoesNotRun) {
    const auto look_at = [&](const std::string& state) {
        const std::string folder = node_.folder();
        std::ofstream(folder + "/systemctl")
            << "#!/bin/sh\necho User=flyball\necho LoadState=loaded\necho UnitFileState=enabled\n"
            << state;
        ::chmod((folder + "/systemctl").c_str(), 0755);
        return doctor({}, {"PATH=" + folder + ":" + std::getenv("PATH"), "FLYBALL_REGION=test",
                           "FLYBALL_NODE=node", "FLYBALL_MQTT_BROKER=" + broker_.address()});
    };
    const Report well = look_at("echo ActiveState=active\necho SubState=running\n");
    EXPECT_EQ(well.grade("service"), "ok") << well.json.dump(2);
    EXPECT_EQ(well.grade("health"), "ok");
    EXPECT_EQ(well.status, 0);
    const Report failed =
        look_at("echo ActiveState=failed\necho SubState=failed\necho Result=exit-code\n");
    EXPECT_EQ(failed.status, 1);
    EXPECT_EQ(failed.grade("service"), "fail") << failed.json.dump(2);
    EXPECT_NE(failed.text("service").find("exit-code"), std::string::npos);
    EXPECT_NE(failed.at("service", "advice").find("journalctl -u flyball-node"), std::string::npos);
}

// The tool alone in a folder, nothing on PATH: a machine that is no device.
TEST(DoctorAlone, WorksWithoutTheNodesProgram) {
    Broker broker;
    std::string folder = (std::filesystem::temp_directory_path() / "flyball-XXXXXX").string();
    ASSERT_NE(::mkdtemp(folder.data()), nullptr);
    std::filesystem::copy_file(tool_program(), folder + "/flyball");
    Program alone({folder + "/flyball", "doctor", "--json", "--broker", broker.address()},
                  {"PATH=" + folder});
    EXPECT_EQ(alone.wait(), 0) << alone.out() << alone.err();
    const Json json = Json::parse(alone.out());
    EXPECT_EQ(json.at("node"), nullptr);
    EXPECT_EQ(json.at("fail"), 0) << json.dump(2);
    std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace flyball::testing
