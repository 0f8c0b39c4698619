#include "node/config.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tests/unit/node/machine.h"

namespace flyball {
namespace {

constexpr const char* main_file = "/etc/flyball/node.toml";
using Faults = std::vector<std::string>;

NodeSettings sound(Machine& machine) {
    const Config config = machine.read();
    EXPECT_EQ(config.faults, Faults{});
    return config.settings;
}

Faults faults_of(const std::string& text) {
    return Machine().file(main_file, text).read().faults;
}

TEST(Config, HasDefaultsForEverything) {
    Machine machine;
    const NodeSettings settings = sound(machine);
    EXPECT_EQ(settings.root.text(), "flyball/v1/local/pi-7");
    EXPECT_EQ(settings.mqtt.broker, "tcp://localhost:1883");
    EXPECT_EQ(settings.mqtt.client_id, "flyball-local-pi-7");
    EXPECT_EQ(settings.mqtt.keep_alive, std::chrono::seconds{30});
    EXPECT_EQ(settings.state.dir, "/home/pi/.local/state/flyball");
    EXPECT_EQ(settings.state.durability, Durability::interval);
    EXPECT_EQ(settings.state.max_bytes, 67'108'864U);
    EXPECT_EQ(settings.health_interval, std::chrono::minutes{1});
    EXPECT_EQ(settings.clock.trust, ClockTrust::synchronised);
    EXPECT_EQ(settings.clock.jump_max, std::chrono::days{7});
    EXPECT_EQ(settings.limits.payload_bytes, 262'144U);
    EXPECT_EQ(settings.log_level, LogLevel::info);
    EXPECT_EQ(settings.events_keep, 1'000U);
    EXPECT_EQ(settings.admit.ids_capacity, 8'192U);
    EXPECT_EQ(settings.control_allow, std::vector<std::string>{"*"});
    EXPECT_TRUE(settings.base_governors);
    EXPECT_FALSE(settings.allow_faults);
    EXPECT_TRUE(settings.governors.empty());
}

TEST(Config, ReadsEverySectionOfAFile) {
    Machine machine;
    machine.file(main_file, R"(
region = "eu-west"
node = "pi-9"
allow_faults = true
tenant_topics_only = true
base_governors = false
[control]
allow = ["list", "snapshot"]
[events]
keep = 5
[admit]
ids.capacity = 10
id_window = "1h"
[mqtt]
broker = "mqtts://broker.local:8883"
username = "pi-9"
password_file = "/etc/flyball/password"
ca_file = "ca.pem"
prefix = "acme/v1"
reply_prefixes = []
keep_alive = "1m"
[state]
dir = "/data"
durability = "commit"
interval = "250ms"
max_bytes = "1 GiB"
on_loss = "stop"
[health]
interval = "10s"
[clock]
trust = "system"
jump_max = "1d"
[limits]
payload_bytes = 65536
inbox = 100
[log]
level = "debug"
)");
    const NodeSettings settings = sound(machine);
    EXPECT_EQ(settings.root.text(), "acme/v1/eu-west/pi-9");
    EXPECT_TRUE(settings.allow_faults);
    EXPECT_TRUE(settings.tenant_topics_only);
    EXPECT_FALSE(settings.base_governors);
    EXPECT_EQ(settings.control_allow, (std::vector<std::string>{"list", "snapshot"}));
    EXPECT_EQ(settings.events_keep, 5U);
    EXPECT_EQ(settings.admit.ids_capacity, 10U);
    EXPECT_EQ(settings.admit.id_window, std::chrono::hours{1});
    EXPECT_EQ(settings.mqtt.broker, "mqtts://broker.local:8883");
    EXPECT_EQ(settings.mqtt.client_id, "flyball-eu-west-pi-9");
    EXPECT_EQ(settings.mqtt.password_file, "/etc/flyball/password");
    EXPECT_TRUE(settings.mqtt.reply_prefixes.empty());
    EXPECT_EQ(settings.state.dir, "/data");
    EXPECT_EQ(settings.state.durability, Durability::commit);
    EXPECT_EQ(settings.state.interval, Span{250});
    EXPECT_EQ(settings.state.max_bytes, std::uint64_t{1} << 30);
    EXPECT_EQ(settings.state.on_loss, OnLoss::stop);
    EXPECT_EQ(settings.clock.trust, ClockTrust::system);
    EXPECT_EQ(settings.limits.payload_bytes, 65'536U);
    EXPECT_EQ(settings.limits.inbox, 100U);
    EXPECT_EQ(settings.log_level, LogLevel::debug);
}

TEST(Config, LetsAFlagWinOverTheEnvironmentOverTheFolderOverTheFile) {
    Machine machine;
    machine.file(main_file,
                 "region = \"file\"\nnode = \"file\"\nlog.level = \"error\"\n"
                 "state.dir = \"/file\"\n");
    machine.file("/etc/flyball/node.toml.d/10.toml", "region = \"ten\"\nnode = \"ten\"\n");
    machine.file("/etc/flyball/node.toml.d/20.toml",
                 "region = \"twenty\"\nnode = \"twenty\"\n"
                 "log.level = \"debug\"\n");
    machine.file("/etc/flyball/node.toml.d/30.txt", "this is not read");
    machine.variable("FLYBALL_NODE", "variable").variable("FLYBALL_LOG_LEVEL", "warning");
    machine.variable("FLYBALL_UNKNOWN", "ignored").flags({"--log.level", "notice"});
    const NodeSettings settings = sound(machine);
    EXPECT_EQ(settings.state.dir, "/file");
    EXPECT_EQ(settings.root.region, "twenty");
    EXPECT_EQ(settings.root.node, "variable");
    EXPECT_EQ(settings.log_level, LogLevel::notice);
}

TEST(Config, TakesFlagsAndVariablesOfEveryType) {
    Machine machine;
    machine.flags({"--tenant_topics_only=true", "--events.keep", "7", "--limits.payload_bytes",
                   "64 KiB", "--clock.jump_max", "2w", "--state.durability=none"});
    machine.variable("FLYBALL_ADMIT_IDS_CAPACITY", "99")
        .variable("FLYBALL_STATE_MAX_BYTES", "2 MiB");
    const NodeSettings settings = sound(machine);
    EXPECT_TRUE(settings.tenant_topics_only);
    EXPECT_EQ(settings.events_keep, 7U);
    EXPECT_EQ(settings.limits.payload_bytes, 65'536U);
    EXPECT_EQ(settings.clock.jump_max, std::chrono::days{14});
    EXPECT_EQ(settings.state.durability, Durability::none);
    EXPECT_EQ(settings.admit.ids_capacity, 99U);
    EXPECT_EQ(settings.state.max_bytes, 2'097'152U);
}

TEST(Config, HandsAGovernorsTableOnWithThePlaceOfEveryKey) {
    Machine machine;
    machine.file(main_file,
                 "[governor.quota.main]\nmode = \"observe\"\nring.capacity = 64\n"
                 "resources.api = { limit = 5, window = \"1d\" }\n"
                 "[[governor.compliance.main.rules]]\nid = \"a\"\n");
    machine.file("/etc/flyball/node.toml.d/a.toml",
                 "[governor.quota.main]\nmode = \"enforce\"\n[governor.billing.prepaid]\n");
    const NodeSettings settings = sound(machine);
    ASSERT_EQ(settings.governors.size(), 3U);
    std::string json;
    settings.governors.at("quota/main").append_canonical_json(json);
    EXPECT_EQ(json, R"({"mode":"enforce","resources":{"api":{"limit":5,"window":"1d"}},)"
                    R"("ring":{"capacity":64}})");
    EXPECT_EQ(settings.governors.at("billing/prepaid"), Tree{});
    EXPECT_EQ(settings.place_of("quota/main", "resources.api.limit: must be at least 0"),
              "/etc/flyball/node.toml:4: governor.quota.main.resources.api.limit: "
              "must be at least 0");
    EXPECT_EQ(settings.place_of("quota/main", "mode: must be one"),
              "/etc/flyball/node.toml.d/a.toml:2: governor.quota.main.mode: must be one");
    EXPECT_EQ(settings.place_of("quota/main", "resources.api.burst: is missing"),
              "/etc/flyball/node.toml:4: governor.quota.main.resources.api.burst: is missing");
    EXPECT_EQ(settings.place_of("compliance/main", "rules[0].op: is missing"),
              "/etc/flyball/node.toml:5: governor.compliance.main.rules[0].op: is missing");
    EXPECT_EQ(settings.place_of("quota/other", "mode: x"), "governor.quota.other.mode: x");
}

TEST(ConfigFaults, AreAllReportedEachWithItsPlace) {
    Machine machine;
    machine.file(main_file, "regoin = \"x\"\n[mqtt]\nbroker = \"localhost\"\nkeep_alive = 30\n");
    machine.variable("FLYBALL_LOG_LEVEL", "loud").flags({"--clock.jump_max", "1mo", "--colour"});
    const Faults faults = machine.read().faults;
    ASSERT_EQ(faults.size(), 6U);
    EXPECT_EQ(faults[0], "flag --colour: is not known; --help lists all that are");
    EXPECT_EQ(faults[1],
              "/etc/flyball/node.toml:3: mqtt.broker: must be an address like "
              "tcp://localhost:1883 or mqtts://broker.local:8883 without a user name, "
              "not \"localhost\"");
    EXPECT_EQ(faults[2],
              "/etc/flyball/node.toml:4: mqtt.keep_alive: must be a duration from 1s "
              "to 18h, not 30");
    EXPECT_EQ(faults[3], "/etc/flyball/node.toml:1: regoin: is not known; did you mean region?");
    EXPECT_EQ(faults[4],
              "FLYBALL_LOG_LEVEL: must be \"debug\", \"info\", \"notice\", "
              "\"warning\" or \"error\", not \"loud\"");
    EXPECT_EQ(faults[5],
              "flag --clock.jump_max: must be a duration from 1s to 3650d, not "
              "\"1mo\"");
}

TEST(ConfigFaults, NameTheLineThatIsNoToml) {
    const Faults faults = faults_of("region = \"x\"\nnode = \n");
    ASSERT_EQ(faults.size(), 1U);
    EXPECT_TRUE(faults[0].starts_with("/etc/flyball/node.toml:2: ")) << faults[0];
}

TEST(ConfigFaults, RefuseKeysOfSoManyDotsThatTheirTablesTakeAllOfTheStack) {
    const auto many = [](std::size_t count, const std::string& piece) {
        std::string all;
        for (; count > 0; --count) {
            all += piece;
        }
        return all;
    };
    const Faults refused{
        "/etc/flyball/node.toml:2: at most 256 dots in one statement; the one that begins here has "
        "more: is one of its brackets open?"};
    EXPECT_EQ(faults_of("region = \"x\"\n" + many(60'000, "a.") + "a = 1\n"), refused);
    EXPECT_EQ(faults_of("\n[" + many(60'000, "a . 'b.' . ") + "c]\n"), refused);
    EXPECT_EQ(faults_of("\nx = [\n" + many(300, "[governor.quota.a]\n")), refused);
    EXPECT_EQ(
        faults_of("\nx = [{ a.b.c = \"\"\"\"\"\"\"\", " + many(60'000, "\"=\".") + "d = 1 }]"),
        refused);
    EXPECT_EQ(faults_of("region = \"" + many(300, ".") + "\" # " + many(300, ".") + "\n").at(0),
              faults_of("region = '''" + many(300, ".") + "'''\n").at(0));
    EXPECT_EQ(faults_of(many(300, "[governor.quota.a]\nresources.x.limit = 1\n")).size(), 1U);
}

TEST(ConfigFaults, NameTheVariableThatTheStateFolderComesFrom) {
    EXPECT_EQ(Machine().variable("HOME", "/a\nb").read().faults,
              Faults{"HOME: must be a path that starts with /, not "
                     "\"/a\\nb/.local/state/flyball\""});
    EXPECT_EQ(Machine().variable("STATE_DIRECTORY", "here").read().faults,
              Faults{"STATE_DIRECTORY: must be a path that starts with /, not \"here\""});
}

TEST(ConfigFaults, SuggestFlagsAndRefuseListsAsFlags) {
    const auto flag = [](const std::string& text) {
        return Machine().flags({text, "x"}).read().faults.at(0);
    };
    EXPECT_EQ(flag("--mqtt.brokr"), "flag --mqtt.brokr: is not known; did you mean --mqtt.broker?");
    EXPECT_EQ(flag("--control.allow"),
              "flag --control.allow: is a list, which only a configuration file can give");
    EXPECT_EQ(flag("stray"), "flag stray: is not a flag; every argument is --key value");
}

TEST(ConfigFaults, AskForAFileThatWasNamedButIsMissing) {
    EXPECT_EQ(Machine().flags({"--config", "/x.toml"}).read().faults,
              Faults{"flag --config: must name a file that is there; /x.toml is not"});
}

TEST(ConfigFaults, NameAFolderThatCannotBeReadAndWhy) {
    EXPECT_EQ(Machine().unreadable_folder("/etc/flyball/node.toml.d").read().faults,
              Faults{"/etc/flyball/node.toml.d: must be a folder that can be read: its reason"});
}

// Not by permissions, which keep nothing from root.
TEST(MachineInput, TakesOnlyAMissingFolderForAnEmptyOne) {
    std::string folder = ::testing::TempDir() + "flyball-XXXXXX";
    ASSERT_NE(::mkdtemp(folder.data()), nullptr);
    const std::string file = folder + "/node.toml";
    std::ofstream(file) << "region = \"eu-west\"\n";
    const auto faults = [&] {
        const std::array words{"flyball-node", "--config", file.c_str()};
        return read_config(machine_input(static_cast<int>(words.size()), words.data())).faults;
    };
    EXPECT_EQ(faults(), Faults{});
    std::ofstream(file + ".d") << "not a folder";
    EXPECT_EQ(faults(), Faults{file + ".d: must be a folder that can be read: Not a directory"});
    std::filesystem::remove(file + ".d");
    std::filesystem::create_directory(file + ".d");
    EXPECT_EQ(faults(), Faults{});
    std::filesystem::remove_all(folder);
}

TEST(ConfigFaults, FindATableWhereAValueBelongsAndTheOtherWayRound) {
    EXPECT_EQ(faults_of("mqtt = 5"), Faults{"/etc/flyball/node.toml:1: mqtt: must be a table"});
    EXPECT_EQ(faults_of("governor.quota = 1").at(0),
              "/etc/flyball/node.toml:1: governor.quota: must be a table of governors, as "
              "[governor.quota.main]");
    EXPECT_EQ(faults_of("[events.keep]\n").size(), 1U);
    EXPECT_EQ(faults_of("[governor.quota.\"Not a name\"]\n").size(), 1U);
    EXPECT_EQ(faults_of("[governor.quota.main]\nx = 1.5\n").at(0),
              "/etc/flyball/node.toml:2: governor.quota.main.x: must be a string, an integer, true "
              "or false, a list or a table; fractions and bare dates are not used");
}

TEST(ConfigFaults, FindWhatContradicts) {
    EXPECT_EQ(faults_of("mqtt.password_file = \"/p\"\n"),
              Faults{"mqtt.username: must be given beside mqtt.password_file"});
    EXPECT_EQ(faults_of("mqtt.broker = \"mqtts://b\"\nmqtt.cert_file = \"/c\"\n"),
              Faults{"mqtt.key_file: mqtt.cert_file and mqtt.key_file must be given together"});
    EXPECT_EQ(faults_of("\nmqtt.broker = \"tcp://b\"\nmqtt.ca_file = \"/c\"\n"),
              Faults{"/etc/flyball/node.toml:2: mqtt.broker: must be mqtts:// or wss:// when "
                     "ca_file, cert_file or key_file is given; \"tcp://b\" is not encrypted"});
    EXPECT_EQ(faults_of("limits.values = 100\nlimits.entry_values = 101\n").size(), 1U);
}

TEST(ConfigMode, IsWhatTheFlagsAskFor) {
    const auto mode = [](const std::string& flag) { return Machine().flags({flag}).read().mode; };
    EXPECT_EQ(Machine().read().mode, ConfigMode::run);
    EXPECT_EQ(mode("--check-config"), ConfigMode::check_config);
    EXPECT_EQ(mode("--print-config"), ConfigMode::print_config);
    EXPECT_EQ(mode("--version"), ConfigMode::version);
    EXPECT_EQ(mode("--help"), ConfigMode::help);
}

TEST(StateDir, IsSystemdsElseTheSuperusersElseBelowHome) {
    Machine machine;
    machine.input().root = true;
    EXPECT_EQ(sound(machine).state.dir, "/var/lib/flyball");
    machine.variable("STATE_DIRECTORY", "/var/lib/private/flyball:/other");
    EXPECT_EQ(sound(machine).state.dir, "/var/lib/private/flyball");
}

}  // namespace
}  // namespace flyball
