// Every way in which TLS or a login can be wrong, against the node and the tool over a real broker:
// refused, with a message that says which, and no secret in it.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "fleet/clock.h"
#include "tests/build_tree.h"
#include "tests/e2e/broker.h"
#include "tests/e2e/identity/identities.h"
#include "tests/unit/fleet/program.h"

namespace flyball::testing {
namespace {

using std::chrono::days;
using namespace std::chrono_literals;

constexpr const char* password = "correct-horse-battery-staple";

// The flags that node and tool call the same but for the node's "mqtt.".
struct Connection {
    std::string broker;
    std::string ca_file{};
    std::string cert_file{};
    std::string key_file{};
    std::string username{};
    std::string password_file{};

    std::vector<std::string> flags(const std::string& prefix) const {
        std::vector<std::string> words;
        const auto add = [&](const char* node, const char* tool, const std::string& value) {
            if (!value.empty()) {
                words.push_back(prefix + (prefix == "--" ? tool : node));
                words.push_back(value);
            }
        };
        add("broker", "broker", broker);
        add("ca_file", "ca-file", ca_file);
        add("cert_file", "cert-file", cert_file);
        add("key_file", "key-file", key_file);
        add("username", "username", username);
        add("password_file", "password-file", password_file);
        return words;
    }
};

class TlsMatrix : public ::testing::Test {
protected:
    void SetUp() override {
        identities_.pki("node", {"test/node"});
        identities_.pki("operator", {"ops"});
    }

    // mqtts to a broker that has the certificate `stem`.
    Connection to(const Broker& broker) const {
        return {.broker = fmt::format("mqtts://localhost:{}", broker.port()),
                .ca_file = identities_.path("ca.crt")};
    }
    Connection with(Connection connection, const std::string& stem) const {
        connection.cert_file = identities_.path(stem + ".crt");
        connection.key_file = identities_.path(stem + ".key");
        return connection;
    }
    Broker broker_with(const std::string& stem) const {
        return Broker({.listener = identities_.listener(stem)});
    }

    std::unique_ptr<Program> node(const Connection& connection,
                                  const std::string& program = node_program()) const {
        std::vector<std::string> words{program,    "--config",    "/dev/null",
                                       "--region", "test",        "--node",
                                       "node",     "--state.dir", identities_.folder() + "/state"};
        for (std::string& flag : connection.flags("--mqtt.")) {
            words.push_back(std::move(flag));
        }
        return std::make_unique<Program>(words);
    }

    // Until the program's messages have `text`; all of them.
    static std::string said(Program& program, const std::string& text) {
        constexpr int looks = 2000;
        for (int i = 0; i < looks && program.err().find(text) == std::string::npos; ++i) {
            if (program.wait(10ms) >= 0) {
                break;
            }
        }
        return program.err();
    }

    static void no_secret_in(const std::string& log) {
        EXPECT_EQ(log.find(password), std::string::npos) << log;
        EXPECT_EQ(log.find("PRIVATE KEY"), std::string::npos) << log;
    }

    // Both are refused, and both say `text`.
    void refuses(const Connection& connection, const std::string& text) const {
        const auto program = node(connection);
        const std::string log = said(*program, text);
        EXPECT_NE(log.find(text), std::string::npos) << log;
        EXPECT_EQ(log.find("msg=online"), std::string::npos) << log;
        no_secret_in(log);
        std::vector<std::string> words{"health"};
        for (std::string& flag : connection.flags("--")) {
            words.push_back(std::move(flag));
        }
        const Ran tool = flyball(words);
        EXPECT_EQ(tool.status, 69) << tool.err;
        EXPECT_NE(tool.err.find(text), std::string::npos) << tool.err;
        no_secret_in(tool.err);
        ++cases_;
    }

    void takes(const Connection& connection) const {
        const auto program = node(connection);
        const std::string log = said(*program, "online");
        EXPECT_NE(log.find("online"), std::string::npos) << log;
        no_secret_in(log);
        std::vector<std::string> words{"health", "test/node", "--check"};
        for (std::string& flag : connection.flags("--")) {
            words.push_back(std::move(flag));
        }
        const Ran tool = flyball(words);
        EXPECT_EQ(tool.status, 0) << tool.err;
        no_secret_in(tool.err);
        ++cases_;
    }

    static void TearDownTestSuite() { fmt::print("tls matrix: {} cases\n", cases_); }

    Identities identities_;
    Instant now_ = wall_now();
    static inline int cases_ = 0;
};

TEST_F(TlsMatrix, BelievesTheRightBroker) {
    const Broker broker = broker_with("brokers/localhost");
    takes(to(broker));
    Connection by_address = to(broker);
    by_address.broker = fmt::format("mqtts://127.0.0.1:{}", broker.port());
    takes(by_address);
}

TEST_F(TlsMatrix, IsBelievedByItsCertificate) {
    const Broker broker({.listener = identities_.listener_for_certificates()});
    takes(with(to(broker), "nodes/test/node"));
}

TEST_F(TlsMatrix, GoesThroughWebsocketsWithAndWithoutTls) {
    const std::uint16_t plain = free_port();
    const std::uint16_t secure = free_port();
    const Broker broker(
        {.listener = fmt::format("listener {} 127.0.0.1\nprotocol websockets\nsocket_domain ipv4\n"
                                 "listener {} 127.0.0.1\nprotocol websockets\nsocket_domain ipv4\n"
                                 "{}",
                                 plain, secure, identities_.listener_for_certificates())});
    takes({.broker = fmt::format("ws://127.0.0.1:{}", plain)});
    Connection connection = with(to(broker), "nodes/test/node");
    connection.broker = fmt::format("wss://localhost:{}", secure);
    takes(connection);
}

TEST_F(TlsMatrix, AnExpiredBroker) {
    CertificateOrder order = order_of_broker(now_);
    order.not_before = now_ - days(30);
    order.not_after = now_ - days(3);
    identities_.make("bad", order, "ca");
    refuses(to(broker_with("bad")), "the broker's certificate (localhost) expired on ");
}

TEST_F(TlsMatrix, ABrokerOfTheFuture) {
    CertificateOrder order = order_of_broker(now_);
    order.not_before = now_ + days(3);
    order.not_after = now_ + days(30);
    identities_.make("bad", order, "ca");
    const Broker broker = broker_with("bad");
    refuses(to(broker), "is not yet valid: it begins on ");
    const auto unset = node(to(broker), built("tests/flyball_node_ahead"));
    const std::string log = said(*unset, "clock is not set");
    EXPECT_NE(log.find("this node's clock is not set: that is the fault, not the certificate"),
              std::string::npos)
        << log;
}

TEST_F(TlsMatrix, ABrokerOfAnotherName) {
    CertificateOrder order = order_of_broker(now_);
    order.names = {"elsewhere.example"};
    identities_.make("bad", order, "ca");
    refuses(to(broker_with("bad")),
            "the broker's certificate is for elsewhere.example, not for localhost");
}

TEST_F(TlsMatrix, ABrokerThatVouchesForItself) {
    identities_.make("bad", order_of_broker(now_), "");
    refuses(to(broker_with("bad")), "the broker's certificate (localhost) is self-signed");
}

TEST_F(TlsMatrix, ABrokerOfAnotherAuthority) {
    identities_.pki("init", {"--force"});
    refuses(to(broker_with("brokers/localhost")), "is signed by an authority (flyball CA ");
}

TEST_F(TlsMatrix, ACertificateForClientsOnABroker) {
    refuses(to(broker_with("nodes/test/node")), "is not for a server");
}

// Mosquitto itself takes no such certificate.
TEST_F(TlsMatrix, ABrokerWithAWeakKey) {
    identities_.make("bad", order_of_broker(now_), "ca", weak_key());
    const std::uint16_t port = free_port();
    Program server({"/usr/bin/openssl", "s_server", "-quiet", "-accept",
                    fmt::format("127.0.0.1:{}", port), "-cert", identities_.path("bad.crt"), "-key",
                    identities_.path("bad.key"), "-cipher", "DEFAULT:@SECLEVEL=0"});
    Connection connection{.broker = fmt::format("mqtts://localhost:{}", port),
                          .ca_file = identities_.path("ca.crt")};
    EXPECT_EQ(server.wait(1ms), -1);
    refuses(connection, "is too weak");
}

TEST_F(TlsMatrix, PlainWordsToATlsPort) {
    const Broker broker = broker_with("brokers/localhost");
    refuses({.broker = fmt::format("tcp://localhost:{}", broker.port())}, "speaks TLS: mqtts://");
}

TEST_F(TlsMatrix, TlsToAPlainPort) {
    const Broker broker;
    refuses(to(broker), "does not speak TLS");
}

TEST_F(TlsMatrix, NobodyThere) {
    for (const bool tls : {true, false}) {
        const char* const scheme = tls ? "mqtts" : "tcp";
        Connection connection{.broker = fmt::format("{}://localhost:{}", scheme, free_port()),
                              .ca_file = tls ? identities_.path("ca.crt") : ""};
        refuses(connection, "nothing listens on localhost:");
        // RFC 6761 keeps this name from everybody, with a network and without.
        connection.broker = fmt::format("{}://no-such.invalid:8883", scheme);
        refuses(connection, "the name no-such.invalid cannot be resolved: ");
        // Paho's words for it would push ours off a line.
        const Ran tool = flyball({"health", "--broker", connection.broker});
        EXPECT_EQ(tool.err.find("MQTT error"), std::string::npos) << tool.err;
    }
}

TEST_F(TlsMatrix, NoCertificateWhereOneIsWanted) {
    const Broker broker({.listener = identities_.listener_for_certificates()});
    refuses(to(broker), "the broker wants a certificate of ours");
}

TEST_F(TlsMatrix, ACertificateOfAnotherAuthority) {
    const Broker broker({.listener = identities_.listener_for_certificates()});
    identities_.make("other",
                     {.common_name = "other CA",
                      .unit = "ca",
                      .usage = Usage::authority,
                      .names = {},
                      .not_before = now_ - days(1),
                      .not_after = now_ + days(1)},
                     "");
    identities_.make("foreign", order_of_client("test/node", now_), "other");
    refuses(with(to(broker), "foreign"), "it does not know the authority that signed it");
}

TEST_F(TlsMatrix, ACertificateThatWasTakenBack) {
    identities_.pki("revoke", {"test/node"});
    const Broker broker({.listener = identities_.listener_for_certificates()});
    refuses(with(to(broker), "nodes/test/node"), "it was revoked");
    takes(with(to(broker), "operators/ops"));
}

TEST_F(TlsMatrix, ACertificateThatHasEnded) {
    const Broker broker({.listener = identities_.listener_for_certificates()});
    CertificateOrder order = order_of_client("test/node", now_);
    order.not_before = now_ - days(30);
    order.not_after = now_ - days(3);
    identities_.make("ended", order, "ca");
    refuses(with(to(broker), "ended"), "it has expired");
}

TEST_F(TlsMatrix, ACertificateThatHasNotBegun) {
    const Broker broker({.listener = identities_.listener_for_certificates()});
    CertificateOrder order = order_of_client("test/node", now_);
    order.not_before = now_ + days(3);
    order.not_after = now_ + days(30);
    identities_.make("early", order, "ca");
    refuses(with(to(broker), "early"), "not yet valid by the broker's clock");
}

TEST_F(TlsMatrix, AWeakKeyOfOurs) {
    const Broker broker({.listener = identities_.listener_for_certificates()});
    identities_.make("weak", order_of_client("test/node", now_), "ca", weak_key());
    refuses(with(to(broker), "weak"), "is too weak: 1024 bits");
}

TEST_F(TlsMatrix, AKeyOfAnotherCertificate) {
    const Broker broker({.listener = identities_.listener_for_certificates()});
    Connection connection = with(to(broker), "nodes/test/node");
    connection.key_file = identities_.path("operators/ops.key");
    refuses(connection, "belongs to another certificate");
}

TEST_F(TlsMatrix, FilesThatAreNotWhatTheyShouldBe) {
    const Broker broker = broker_with("brokers/localhost");
    Connection connection = to(broker);
    connection.ca_file = "/nowhere/ca.crt";
    refuses(connection, "CA file /nowhere/ca.crt: No such file");
    connection.ca_file = identities_.write("empty", "");
    refuses(connection, "holds no certificate");
}

TEST_F(TlsMatrix, AKeyThatOthersCanRead) {
    const Broker broker({.listener = identities_.listener_for_certificates()});
    const Connection connection = with(to(broker), "nodes/test/node");
    std::filesystem::permissions(connection.key_file, std::filesystem::perms(0644));
    refuses(connection, "its mode is 0644");
    std::filesystem::permissions(connection.key_file, std::filesystem::perms(0640));
    takes(connection);
}

class Passwords : public TlsMatrix {
protected:
    void SetUp() override {
        TlsMatrix::SetUp();
        const std::string file = identities_.write("passwords", fmt::format("pi:{}\n", password));
        ASSERT_EQ(std::system(("mosquitto_passwd -U " + file).c_str()), 0);
        broker_ = std::make_unique<Broker>(
            BrokerSettings{.extra = "password_file " + file, .anonymous = false});
    }
    Connection login(const std::string& text, unsigned mode) const {
        return {.broker = broker_->address(),
                .username = "pi",
                .password_file = identities_.write("password", text, mode)};
    }
    std::unique_ptr<Broker> broker_;
};

TEST_F(Passwords, TheRightOne) {
    takes(login(std::string(password) + "\n", 0600));
    takes(login(password, 0440));
    takes(login(password, 0640));
}

TEST_F(Passwords, AWrongOne) {
    refuses(login(std::string(password) + "r", 0600),
            "the broker does not take the login 'pi' with the password in ");
}

TEST_F(Passwords, None) {
    refuses({.broker = broker_->address()}, "the broker wants a login");
    refuses({.broker = broker_->address(), .username = "pi"},
            "does not take the login 'pi' without a password");
}

TEST_F(Passwords, AFileThatOthersCanRead) {
    for (const unsigned mode : {0644U, 0604U, 0660U, 0700U}) {
        refuses(login(password, mode), fmt::format("its mode is {:04o}", mode));
    }
}

TEST_F(Passwords, IsNowhereButInItsFile) {
    const Connection connection = login(password, 0600);
    std::vector<std::string> words{node_program(), "--config", "/dev/null", "--print-config"};
    for (std::string& flag : connection.flags("--mqtt.")) {
        words.push_back(std::move(flag));
    }
    Program print(words);
    EXPECT_EQ(print.wait(), 0) << print.err();
    no_secret_in(print.out() + print.err());
    EXPECT_NE(print.out().find("password_file"), std::string::npos);
}

}  // namespace
}  // namespace flyball::testing
