// A node with its certificate under its access list: who gets an answer; what happens when the
// certificate nears its end and is replaced; who can be reached from where.

#include <arpa/inet.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "fleet/clock.h"
#include "tests/build_tree.h"
#include "tests/e2e/broker.h"
#include "tests/e2e/bus_client.h"
#include "tests/e2e/identity/identities.h"
#include "tests/unit/fleet/program.h"

namespace flyball::testing {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

std::size_t times(const std::string& text, const std::string& word) {
    std::size_t count = 0;
    for (std::size_t at = 0; (at = text.find(word, at)) != std::string::npos; ++at) {
        ++count;
    }
    return count;
}

class LivedIdentity : public ::testing::Test {
protected:
    std::unique_ptr<Program> start_node(const Broker& broker,
                                        const std::vector<std::string>& more = {}) const {
        std::vector<std::string> words{node_program(),
                                       "--config",
                                       "/dev/null",
                                       "--region",
                                       "test",
                                       "--node",
                                       "node",
                                       "--state.dir",
                                       identities_.folder() + "/state",
                                       "--mqtt.broker",
                                       address(broker),
                                       "--mqtt.ca_file",
                                       identities_.path("ca.crt"),
                                       "--mqtt.cert_file",
                                       identities_.path("nodes/test/node.crt"),
                                       "--mqtt.key_file",
                                       identities_.path("nodes/test/node.key")};
        words.insert(words.end(), more.begin(), more.end());
        return std::make_unique<Program>(words);
    }
    static std::string address(const Broker& broker) {
        return fmt::format("mqtts://localhost:{}", broker.port());
    }
    static bool says(Program& program, const std::string& text, std::size_t often = 1) {
        for (int i = 0; i < 2000 && times(program.err(), text) < often; ++i) {
            if (program.wait(10ms) >= 0) {
                break;
            }
        }
        return times(program.err(), text) >= often;
    }
    // The tool with the certificate `stem`.
    Ran as(const std::string& stem, const Broker& broker, std::vector<std::string> words,
           const char* timeout = "10s") const {
        const std::vector<std::string> flags{"--timeout",   timeout,
                                             "--broker",    address(broker),
                                             "--ca-file",   identities_.path("ca.crt"),
                                             "--cert-file", identities_.path(stem + ".crt"),
                                             "--key-file",  identities_.path(stem + ".key")};
        words.insert(words.end(), flags.begin(), flags.end());
        return flyball(words);
    }

    Identities identities_;
};

TEST_F(LivedIdentity, AnswersWhomItsAccessListLetsAsk) {
    identities_.pki("node", {"test/node"});
    identities_.pki("app", {"acme", "a/b", "backend"});
    identities_.pki("operator", {"ops"});
    const Ran acl = flyball({"acl", "--pki", identities_.folder(), "--trusted", "backend", "--out",
                             identities_.path("acl")});
    ASSERT_EQ(acl.status, 0) << acl.err;
    const Broker broker({.extra = "acl_file " + identities_.path("acl"),
                         .listener = identities_.listener_for_certificates(),
                         .anonymous = false});
    const auto node = start_node(broker);
    ASSERT_TRUE(says(*node, "online")) << node->err();
    const auto answers = [&](const std::string& stem, std::vector<std::string> words) {
        words.insert(words.begin(), {"ask", "test/node"});
        return as(stem, broker, words).status == 0;
    };
    const auto hears_nothing = [&](const std::string& stem, std::vector<std::string> words) {
        words.insert(words.begin(), {"ask", "test/node"});
        return as(stem, broker, words, "1s").status == 69;
    };
    const std::string acme = "apps/acme";
    EXPECT_TRUE(answers(acme, {"quota/main", "tenant=acme", "--tenant-topic"}));
    EXPECT_TRUE(answers("apps/a%2Fb", {"quota/main", "tenant=a/b", "--tenant-topic"}));
    EXPECT_TRUE(answers(acme, {"admit", "tenant=acme", "quota.hits=1", "id=1", "--tenant-topic"}));
    EXPECT_TRUE(hears_nothing(acme, {"quota/main", "tenant=acme"})) << "a plain topic";
    EXPECT_TRUE(hears_nothing(acme, {"quota/main", "tenant=a/b", "--tenant-topic"}));
    EXPECT_TRUE(hears_nothing(acme, {"quota/main", "reset", "tenant=acme", "--admin"}));
    EXPECT_TRUE(hears_nothing(acme, {"control", "list"}));
    EXPECT_TRUE(answers("apps/backend", {"quota/main", "tenant=acme"}));
    EXPECT_TRUE(hears_nothing("apps/backend", {"quota/main", "reset", "tenant=acme", "--admin"}));
    EXPECT_TRUE(answers("operators/ops", {"quota/main", "reset", "tenant=acme", "--admin"}));
    EXPECT_TRUE(answers("operators/ops", {"control", "list"}));
    EXPECT_EQ(as("operators/ops", broker, {"health", "test/node", "--check"}).status, 0);
    EXPECT_EQ(as("apps/acme", broker, {"health", "test/node", "--check"}, "1s").status, 1);
    node->signal(SIGTERM);
    EXPECT_EQ(node->wait(), 0);
    EXPECT_EQ(as("operators/ops", broker, {"retire", "test/node"}).status, 0);
}

// On the device, doctor has no login but the node's.
TEST_F(LivedIdentity, IsFoundWellByDoctorWithItsOwnLogin) {
    identities_.pki("node", {"test/node"});
    const std::string config = identities_.path("doctor.toml");
    for (const bool patterns : {false, true}) {
        std::vector<std::string> words{"acl", "--pki", identities_.folder(), "--out",
                                       identities_.path("acl")};
        if (patterns) {
            words.emplace_back("--patterns");
        }
        ASSERT_EQ(flyball(words).status, 0);
        const Broker broker({.extra = "acl_file " + identities_.path("acl"),
                             .listener = identities_.listener_for_certificates(),
                             .anonymous = false});
        const auto node = start_node(broker);
        ASSERT_TRUE(says(*node, "online")) << node->err();
        std::ofstream(config) << fmt::format(
            "region = \"test\"\nnode = \"node\"\n[mqtt]\nbroker = \"{}\"\nca_file = \"{}\"\n"
            "cert_file = \"{}\"\nkey_file = \"{}\"\n[state]\ndir = \"{}\"\n",
            address(broker), identities_.path("ca.crt"), identities_.path("nodes/test/node.crt"),
            identities_.path("nodes/test/node.key"), identities_.folder() + "/state");
        const Ran ran = flyball({"doctor", "--json", "--config", config});
        EXPECT_EQ(ran.status, 0) << ran.out << ran.err;
        std::set<std::string> well;
        const json report = json::parse(ran.out);
        for (const json& check : report["checks"]) {
            if (check["grade"] == "ok") {
                well.insert(check["check"]);
            }
        }
        for (const char* check : {"broker", "round trip", "packet size", "health"}) {
            EXPECT_TRUE(well.contains(check)) << check << ran.out;
        }
    }
}

// packaging/mosquitto/device.conf as docs/deploy.md sets it up, with other places and ports.
TEST_F(LivedIdentity, IsAskedThroughTheExampleOfABroker) {
    identities_.pki("node", {"test/node"});
    identities_.pki("operator", {"ops"});
    const std::string acl = identities_.path("acl");
    ASSERT_EQ(flyball({"acl", "--pki", identities_.folder(), "--out", acl}).status, 0);
    const std::string passwords = identities_.write("passwords", "test/node:secret\n");
    ASSERT_EQ(std::system(("mosquitto_passwd -U " + passwords).c_str()), 0);
    const std::uint16_t plain_port = free_port();
    const std::map<std::string, std::string> places{
        {"listener 1883 127.0.0.1", fmt::format("listener {} 127.0.0.1", plain_port)},
        {"cafile /etc/mosquitto/certs/ca.crt", "cafile " + identities_.path("ca.crt")},
        {"certfile /etc/mosquitto/certs/broker.crt",
         "certfile " + identities_.path("brokers/localhost.crt")},
        {"keyfile /etc/mosquitto/certs/broker.key",
         "keyfile " + identities_.path("brokers/localhost.key")},
        {"crlfile /etc/mosquitto/certs/crl.pem", "crlfile " + identities_.path("crl.pem")},
        {"password_file /etc/mosquitto/flyball.passwd", "password_file " + passwords},
        {"acl_file /etc/mosquitto/flyball.acl", "acl_file " + acl}};
    BrokerSettings settings{.anonymous = false};
    std::size_t replaced = 0;
    std::string* part = &settings.extra;
    std::ifstream example(source("packaging/mosquitto/device.conf"));
    for (std::string line; std::getline(example, line);) {
        const auto place = places.find(line);
        replaced += place == places.end() ? 0U : 1U;
        if (line == "listener 8883") {  // the broker's own line of a listener stands there
            part = &settings.listener;
        } else if (line != "allow_anonymous false" && line != "persistence false") {
            *part += (place == places.end() ? line : place->second) + "\n";
        }
    }
    ASSERT_EQ(replaced, places.size()) << "the example has changed";
    ASSERT_EQ(part, &settings.listener);
    const Broker broker(settings);
    const auto node = start_node(broker);
    ASSERT_TRUE(says(*node, "online")) << node->err() << broker.log();
    EXPECT_EQ(as("operators/ops", broker, {"ask", "test/node", "control", "list"}).status, 0);
    const std::string url = fmt::format("tcp://localhost:{}", plain_port);
    const std::string password = identities_.write("password", "secret");
    const std::string wrong = identities_.write("wrong", "another");
    EXPECT_EQ(flyball({"health", "test/node", "--broker", url, "--username", "test/node",
                       "--password-file", password})
                  .status,
              0);
    EXPECT_EQ(flyball({"health", "test/node", "--broker", url, "--username", "test/node",
                       "--password-file", wrong, "--timeout", "2s"})
                  .status,
              69);
}

TEST_F(LivedIdentity, TellsHomeAssistantAndIsRetiredThere) {
    identities_.pki("node", {"test/node"});
    identities_.pki("operator", {"ops"});
    const Ran acl = flyball({"acl", "--pki", identities_.folder(), "--home-assistant", "--out",
                             identities_.path("acl")});
    ASSERT_EQ(acl.status, 0) << acl.err;
    const Broker broker({.extra = "acl_file " + identities_.path("acl"),
                         .listener = identities_.listener_for_certificates(),
                         .anonymous = false});
    const auto node = start_node(broker, {"--home_assistant.discovery", "true"});
    ASSERT_TRUE(says(*node, "online")) << node->err();
    EXPECT_EQ(as("operators/ops", broker, {"ask", "test/node", "control", "list"}).status, 0);
    node->signal(SIGTERM);
    EXPECT_EQ(node->wait(), 0) << node->err();
    const Ran retired = as("operators/ops", broker, {"retire", "test/node"});
    EXPECT_EQ(retired.status, 0) << retired.err;
    EXPECT_NE(retired.out.find("cleared homeassistant/device/flyball_test_node_"),
              std::string::npos)
        << retired.out;
    EXPECT_NE(retired.out.find("cleared flyball/v1/test/node/health"), std::string::npos);
}

TEST_F(LivedIdentity, SaysThatItsCertificateEndsSoonAndTakesUpAnother) {
    identities_.pki("node", {"test/node", "--days", "10"});
    const std::uint16_t plain = free_port();
    Broker broker({.listener = fmt::format("{}listener {} 127.0.0.1\n",
                                           identities_.listener_for_certificates(), plain)});
    const std::string plain_address = fmt::format("tcp://127.0.0.1:{}", plain);
    const auto node = start_node(broker);
    const auto not_after = [&] {
        return json::parse(identities_.pki("list", {"--json"})).back()["not_after"];
    };
    const auto await_health = [&](const std::string& status) {
        BusClient watcher(plain_address, {"flyball/v1/test/node/health"});
        const json end = not_after();
        return json::parse(watcher
                               .await(
                                   [&](const BusClient::Arrived& arrived) {
                                       const json health =
                                           json::parse(arrived.payload, nullptr, false);
                                       return health.value("status", "") == status &&
                                              health["tls"].is_object() &&
                                              health["tls"]["not_after"] == end;
                                   },
                                   20s)
                               .payload);
    };
    const json degraded = await_health("degraded");
    EXPECT_GT(degraded["tls"]["ca_not_after"], degraded["tls"]["not_after"]);
    EXPECT_TRUE(says(*node, "a certificate ends soon")) << node->err();
    const Ran shown = flyball({"health", "--broker", plain_address});
    EXPECT_NE(shown.out.find("its certificate ends in "), std::string::npos) << shown.out;
    const Ran checked = flyball({"health", "--check", "--broker", plain_address});
    EXPECT_EQ(checked.status, 1);

    identities_.pki("renew", {"test/node"});
    node->signal(SIGHUP);
    await_health("online");
    // Why it was lost may never be told: of two changes between its turns a node tells the last.
    EXPECT_TRUE(says(*node, "msg=online", 2)) << node->err();

    // Without a word to the node: at the next connection.
    identities_.pki("renew", {"test/node", "--days", "9"});
    broker.kill();
    broker.start();
    await_health("degraded");
    EXPECT_EQ(times(node->err(), "a certificate ends soon"), 1U) << "once a day: " << node->err();
}

TEST_F(LivedIdentity, TakesUpAnotherKeyWithACertificateOfTheSameEnd) {
    const Instant now = wall_now();
    std::filesystem::create_directories(identities_.path("nodes/test"));
    identities_.make("nodes/test/node", order_of_client("test/node", now), "ca");
    const Broker broker({.listener = identities_.listener_for_certificates()});
    const auto node = start_node(broker);
    ASSERT_TRUE(says(*node, "msg=online")) << node->err();
    identities_.make("nodes/test/node", order_of_client("test/node", now), "ca");
    node->signal(SIGHUP);
    EXPECT_TRUE(says(*node, "msg=online", 2)) << node->err();
}

// The addresses that the process `pid` listens on, as /proc writes them.
std::set<std::string> listening(pid_t pid) {
    std::set<std::string> inodes;
    for (const auto& entry : std::filesystem::directory_iterator(fmt::format("/proc/{}/fd", pid))) {
        std::error_code failed;
        const std::string target = std::filesystem::read_symlink(entry.path(), failed);
        if (target.starts_with("socket:[")) {
            inodes.insert(target.substr(8, target.size() - 9));
        }
    }
    std::set<std::string> addresses;
    for (const char* table : {"tcp", "tcp6"}) {
        std::ifstream file(fmt::format("/proc/{}/net/{}", pid, table));
        std::string line;
        std::getline(file, line);
        while (std::getline(file, line)) {
            std::istringstream words(line);
            std::vector<std::string> word;
            for (std::string one; words >> one;) {
                word.push_back(one);
            }
            constexpr const char* listen_state = "0A";
            if (word.size() > 9 && word[3] == listen_state && inodes.contains(word[9])) {
                addresses.insert(word[1].substr(0, word[1].find(':')));
            }
        }
    }
    return addresses;
}

std::string loopback() {
    return fmt::format("{:08X}", htonl(INADDR_LOOPBACK));
}

TEST_F(LivedIdentity, ListensOnTheAddressThatEachListenerNames) {
    const auto listeners = [&](const char* domain) {
        return fmt::format(
            "{0}listener {1} 127.0.0.1\nprotocol websockets\n{3}listener {2} "
            "127.0.0.1\nprotocol websockets\n{3}{0}listener {4} 127.0.0.1\n",
            identities_.listener(), free_port(), free_port(), domain, free_port());
    };
    const Broker broker({.listener = listeners("socket_domain ipv4\n")});
    EXPECT_EQ(listening(broker.pid()), std::set<std::string>{loopback()})
        << "mqtt, mqtts, ws and wss";
    const Broker elsewhere({.listener = fmt::format("listener {} 127.0.0.2\n", free_port())});
    EXPECT_EQ(listening(elsewhere.pid()).size(), 2U) << "the look itself";
}

}  // namespace
}  // namespace flyball::testing
