#include "node/mosquitto/broker_file.h"

#include <gtest/gtest.h>

#include "tests/unit/node/machine.h"

namespace flyball {
namespace {

using namespace std::string_literals;

constexpr const char* path = "/etc/mosquitto/mosquitto.conf";

BrokerFile read(Machine& machine) {
    (void)machine.read();  // puts the machine's files in place
    return read_broker_file(machine.input());
}

BrokerFile read(const std::string& text, const std::string& arguments = "-c\0"s + path + "\0"s) {
    Machine machine;
    machine.file("/proc/self/cmdline", "/usr/sbin/mosquitto\0"s + arguments).file(path, text);
    return read(machine);
}

TEST(BrokerFile, FindsAnAccessListAndEveryPlugin) {
    const BrokerFile file = read(
        "# acl_file in a remark\n"
        "listener 1883\n"
        "  acl_file /etc/mosquitto/acl  \n"
        "plugin /usr/lib/flyball_mosquitto.so\r\n"
        "plugin_opt_config /etc/flyball/node.toml\n");
    EXPECT_EQ(file.unknown, "");
    EXPECT_TRUE(file.has_acl_file);
    EXPECT_FALSE(file.per_listener);
    EXPECT_EQ(file.plugins, 1U);
    EXPECT_EQ(why_not_here(file), "");
    EXPECT_EQ(why_no_subscriptions(file), "");
}

TEST(BrokerFile, TakesAnAccessListThatIsCommentedOutForNone) {
    EXPECT_FALSE(read("#acl_file x\nplugin p\n").has_acl_file);
    EXPECT_FALSE(read("acl_files x\nplugin p\n").has_acl_file);
}

TEST(BrokerFile, KnowsListenersOnUnixSockets) {
    EXPECT_TRUE(read("listener 1883\nlistener 0 /run/mosquitto.sock\n").has_unix_socket);
    EXPECT_FALSE(read("listener 1883 0.0.0.0\nport 1884\n").has_unix_socket);
}

TEST(BrokerFile, ReadsIncludedFoldersFromTheMainFileOnly) {
    Machine machine;
    machine.file("/proc/self/cmdline", "mosquitto\0-v\0--config-file\0"s + path + "\0"s)
        .file(path, "include_dir /etc/mosquitto/conf.d\nplugin p\n")
        .file("/etc/mosquitto/conf.d/a.conf", "acl_file x\ninclude_dir /etc/more\n")
        .file("/etc/mosquitto/conf.d/b.txt", "per_listener_settings true\n")
        .file("/etc/more/c.conf", "auth_plugin q\n");
    const BrokerFile file = read(machine);
    EXPECT_EQ(file.unknown, "");
    EXPECT_TRUE(file.has_acl_file);
    EXPECT_FALSE(file.per_listener);
    EXPECT_EQ(file.plugins, 1U);
}

TEST(BrokerFile, IsUnknownWhenAFolderOfItCannotBeRead) {
    Machine machine;
    machine.file("/proc/self/cmdline", "mosquitto\0-c\0"s + path + "\0"s)
        .file(path, "include_dir /etc/mosquitto/conf.d\n")
        .unreadable_folder("/etc/mosquitto/conf.d");
    EXPECT_EQ(read(machine).unknown,
              "the broker's configuration folder /etc/mosquitto/conf.d cannot be read");
}

TEST(BrokerFile, SaysWhyAPluginCannotRunThere) {
    for (const char* yes : {"per_listener_settings true\n", "per_listener_settings 1"}) {
        EXPECT_TRUE(why_not_here(read(yes)).starts_with("the broker has per_listener_settings"));
    }
    EXPECT_EQ(why_not_here(read("per_listener_settings false\n")), "");
}

TEST(BrokerFile, LetsNobodyGovernSubscriptionsBesideOtherPlugins) {
    const std::string why = why_no_subscriptions(read("plugin a\nauth_plugin b\n"));
    EXPECT_TRUE(why.starts_with("the broker has 2 plugin lines: ")) << why;
}

TEST(BrokerFile, LetsNobodyGovernSubscriptionsOfABrokerThatCannotBeRead) {
    Machine unreadable;
    unreadable.file("/proc/self/cmdline", "mosquitto\0-c\0/nowhere\0"s);
    for (const BrokerFile& file : {read("plugin p\n", ""), read(unreadable)}) {
        EXPECT_NE(file.unknown, "");
        EXPECT_EQ(why_not_here(file), "");
        EXPECT_TRUE(why_no_subscriptions(file).starts_with(file.unknown));
    }
}

}  // namespace
}  // namespace flyball
