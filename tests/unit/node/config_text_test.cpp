#include "node/config_text.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <fstream>
#include <iterator>

#include "node/config_check.h"
#include "node/config_option.h"
#include "node/default_name.h"
#include "node/policy_rev.h"
#include "schemas/request.h"
#include "tests/build_tree.h"
#include "tests/unit/node/machine.h"

namespace flyball {
namespace {

TEST(OptionTable, HasEveryKeyOnceWithASentenceAndADefaultThatItAccepts) {
    for (const ConfigOption& option : config_options()) {
        EXPECT_EQ(find_option(option.key), &option) << option.key;
        EXPECT_TRUE(option.sentence.ends_with(".")) << option.key;
        EXPECT_FALSE(option_accepts(option).empty()) << option.key;
    }
}

TEST(OptionTable, NamesVariablesAfterKeys) {
    EXPECT_EQ(environment_name(*find_option("mqtt.broker")), "FLYBALL_MQTT_BROKER");
    EXPECT_EQ(environment_name(*find_option("admit.ids.capacity")), "FLYBALL_ADMIT_IDS_CAPACITY");
}

TEST(OptionTable, IsTheOneInTheDocumentation) {
    std::ifstream file(testing::source("docs/configuration.md"));
    const std::string page{std::istreambuf_iterator<char>(file), {}};
    const std::string begin = "<!-- options: written from node/config_option.cpp -->\n";
    const std::size_t at = page.find(begin);
    ASSERT_NE(at, std::string::npos);
    const std::size_t start = at + begin.size();
    EXPECT_EQ(page.substr(start, page.find("<!-- end of options -->") - start), options_table());
}

TEST(HelpText, NamesEveryKey) {
    const std::string help = help_text();
    EXPECT_TRUE(help.starts_with("Examples:\n"));
    for (const ConfigOption& option : config_options()) {
        EXPECT_NE(help.find("\n  " + std::string(option.key) + " = "), std::string::npos)
            << option.key;
    }
}

TEST(PrintedConfig, IsReadBackAsTheSame) {
    Machine machine;
    machine.file(
        "/etc/flyball/node.toml",
        "region = \"eu-west\"\nmqtt.reply_prefixes = [\"a/\", \"*/b/\"]\n"
        "clock.jump_max = \"90m\"\nlimits.payload_bytes = 5000\nlog.level = \"error\"\n"
        "[governor.quota.main]\nresources.\"a b\" = { limit = 5, on = [true, \"\\u007f\"] }\n");
    const NodeSettings settings = machine.read().settings;
    const std::string printed = print_config(settings, settings.governors);
    Machine other;
    other.input().host_name = "other";
    const Config again = other.file("/etc/flyball/node.toml", printed).read();
    EXPECT_EQ(again.faults, std::vector<std::string>{});
    EXPECT_EQ(print_config(again.settings, again.settings.governors), printed);
    EXPECT_EQ(again.settings.governors, settings.governors);
    EXPECT_EQ(again.settings.root.text(), settings.root.text());
}

TEST(PrintedConfig, ShowsGovernorsWithTheirTypesDefaultsAndIsReadBackAsTheSame) {
    Machine machine;
    machine.file("/etc/flyball/node.toml",
                 "[governor.quota.main]\nresources.api_calls = { limit = 5, window = \"1h\" }\n"
                 "[governor.billing.prepaid]\n"
                 "[[governor.compliance.main.rules]]\n"
                 "id = \"eu\"\nactions = [\"store\"]\nattribute = \"region\"\n"
                 "op = \"in\"\nvalue = [\"eu-west\"]\n");
    Config config = machine.read();
    check_governors(config, Instant{});
    ASSERT_EQ(config.faults, std::vector<std::string>{});
    ASSERT_EQ(config.governors.size(), 6U) << "five of the base and one more";
    const std::string printed = print_config(config.settings, config.governors);
    for (const char* line : {"[governor.billing.prepaid]", "rate_limit = 100", "storage_mb",
                             "default_tier = \"free\"", "period = \"1mo\"", "mode = \"enforce\""}) {
        EXPECT_NE(printed.find(line), std::string::npos) << line << "\n" << printed;
    }
    Machine other;
    Config again = other.file("/etc/flyball/node.toml", printed).read();
    check_governors(again, Instant{});
    EXPECT_EQ(again.faults, std::vector<std::string>{});
    EXPECT_EQ(print_config(again.settings, again.governors), printed);
}

TEST(DefaultNodeName, IsTheHostsNameMadeAName) {
    EXPECT_EQ(default_node_name("pi-7", "id"), "pi-7");
    EXPECT_EQ(default_node_name("Kitchen_PI.local.lan", "id"), "kitchen_pi");
    EXPECT_EQ(default_node_name("caf\xc3\xa9 5", "id"), "caf---5");
    EXPECT_EQ(default_node_name(std::string(80, 'x'), "id"), std::string(63, 'x'));
}

TEST(DefaultNodeName, TellsMachinesApartWhoseNamesAreTheSame) {
    const std::string digits = sha256_hex("flyballid", 6);
    EXPECT_EQ(default_node_name("raspberrypi", "id"), "raspberrypi-" + digits);
    EXPECT_EQ(default_node_name("localhost.localdomain", "id"), "localhost-" + digits);
    EXPECT_EQ(default_node_name("Debian", "id"), "debian-" + digits);
    EXPECT_EQ(default_node_name("", "id"), digits);
    EXPECT_EQ(default_node_name("...", "id"), digits);
}

RC_GTEST_PROP(DefaultNodeName, IsAlwaysAValidName, (const std::string& host)) {
    RC_ASSERT(valid_name(default_node_name(host, "id")));
}

TEST(BrokerAddress, HasASchemeAHostAndPerhapsAPort) {
    for (const char* good : {"tcp://localhost:1883", "tcp://localhost", "mqtts://b.local:8883",
                             "ws://b:80/mqtt", "wss://b/mqtt", "tcp://[::1]:1883", "tcp://[::1]"}) {
        EXPECT_TRUE(valid_broker(good)) << good;
    }
    for (const char* bad :
         {"", "localhost", "http://b", "tcp://", "tcp://:1883", "tcp://b:0", "tcp://b:65536",
          "tcp://b:x", "tcp://b:", "tcp://b/mqtt", "mqtts://user:secret@b:8883", "tcp://b c"}) {
        EXPECT_FALSE(valid_broker(bad)) << bad;
    }
}

TEST(ReplyPrefix, IsAStartOrALevelBehindAStar) {
    for (const char* good : {"clients/", "*/reply/", "*/a/b/", "app"}) {
        EXPECT_TRUE(valid_reply_prefix(good)) << good;
    }
    for (const char* bad : {"", "*/", "*", "a/*/b", "+/a", "#", "$SYS/", "/"}) {
        EXPECT_FALSE(valid_reply_prefix(bad)) << bad;
    }
}

TEST(Prefix, IsATopicOfNamedLevels) {
    EXPECT_TRUE(valid_prefix("flyball/v1"));
    for (const char* bad : {"", "/a", "a/", "a//b", "a/+", "#", "$a"}) {
        EXPECT_FALSE(valid_prefix(bad)) << bad;
    }
}

}  // namespace
}  // namespace flyball
