// What is said when a connection does not come about, where the first guess would be wrong: asked
// of the probe itself, which node and tool pass on (tls_matrix_test.cpp).

#include <arpa/inet.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>

#include "fleet/clock.h"
#include "tests/e2e/broker.h"
#include "tests/e2e/identity/identities.h"
#include "transport/tcp_reach.h"
#include "transport/tls_alert.h"
#include "transport/tls_certificate.h"
#include "transport/tls_files.h"
#include "transport/tls_probe.h"

namespace flyball::testing {
namespace {

using std::chrono::days;
using namespace std::chrono_literals;

::testing::AssertionResult says(const std::string& text, const std::string& part) {
    const bool found = text.find(part) != std::string::npos;
    return (found ? ::testing::AssertionSuccess() : ::testing::AssertionFailure()) << text;
}

TlsFinding look_at(const std::string& host, std::uint16_t port) {
    return look_at_tls({.host = host,
                        .port = port,
                        .files = {},
                        .judges = false,
                        .now = {},
                        .patience = 500ms,
                        .gives_up = {}});
}

TEST(Unreached, SaysThatNobodyKnowsTheName) {
    const TlsFinding found = look_at("no-such.invalid", 8883);
    EXPECT_FALSE(found.connected);
    EXPECT_TRUE(says(found.why, "the name no-such.invalid cannot be resolved: "));
}

TEST(Unreached, SaysThatNothingListensOnlyWhenThePortIsClosed) {
    const std::uint16_t port = free_port();
    EXPECT_TRUE(
        says(look_at("127.0.0.1", port).why, fmt::format("nothing listens on 127.0.0.1:{}", port)));
    // Another family that goes nowhere either does not hide it.
    EXPECT_TRUE(
        says(look_at("localhost", port).why, fmt::format("nothing listens on localhost:{}", port)));
}

TEST(Unreached, SaysThatThereIsNoWay) {
    // The kernel makes no TCP connection to a broadcast address.
    EXPECT_TRUE(says(look_at("255.255.255.255", 8883).why,
                     "255.255.255.255:8883 cannot be reached: Network is unreachable"));
}

TEST(Unreached, SaysThatAServiceMayNotReachIt) {
    EXPECT_TRUE(says(unreached("b:8883", EPERM), "IPAddressAllow="));
}

// A listener that takes no more: its kernel drops what asks for a connection.
TEST(Unreached, SaysThatNobodyAnswered) {
    const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* const bytes = reinterpret_cast<sockaddr*>(&address);
    socklen_t size = sizeof address;
    ASSERT_EQ(::bind(listener, bytes, size), 0);
    ASSERT_EQ(::listen(listener, 0), 0);
    ASSERT_EQ(::getsockname(listener, bytes, &size), 0);
    std::array<int, 4> waiting{};
    for (int& one : waiting) {
        one = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        ::connect(one, bytes, size);
    }
    const std::uint16_t port = ntohs(address.sin_port);
    EXPECT_TRUE(says(look_at("127.0.0.1", port).why,
                     fmt::format("no answer from 127.0.0.1:{} in time", port)));
    for (const int one : waiting) {
        ::close(one);
    }
    ::close(listener);
}

// A broker that holds clients' certificates against what it has of their authority.
class Blamed : public ::testing::Test {
protected:
    void SetUp() override {
        identities_.make("client", order_of_client("test/node", now_), "ca");
        identities_.make("ended", authority("ended CA", now_ - days(3)), "");
        identities_.make("of_ended", order_of_client("test/node", now_), "ended");
        identities_.make("other", authority("other CA", now_ + days(3)), "");
        identities_.make("of_other", order_of_client("test/node", now_), "other");
    }

    CertificateOrder authority(const char* name, Instant end) const {
        return {.common_name = name,
                .unit = "ca",
                .usage = Usage::authority,
                .names = {},
                .not_before = now_ - days(30),
                .not_after = end};
    }
    std::string text_of(const std::string& name) const {
        return read_small_file(identities_.path(name), "file").value();
    }
    // With the certificate `stem`, at a broker with these files.
    std::string said(const std::string& stem, const std::string& ca_file,
                     const std::string& crl_file) const {
        const Broker broker(
            {.listener = identities_.listener() + "cafile " + identities_.path(ca_file) +
                         (crl_file.empty() ? "" : "\ncrlfile " + identities_.path(crl_file)) +
                         "\nrequire_certificate true\n"});
        return look_at_tls({.host = "localhost",
                            .port = broker.port(),
                            .files = {.ca_file = identities_.path("ca.crt"),
                                      .cert_file = identities_.path(stem + ".crt"),
                                      .key_file = identities_.path(stem + ".key")},
                            .now = now_,
                            .gives_up = {}})
            .why;
    }

    Identities identities_;
    Instant now_ = wall_now();
};

TEST_F(Blamed, ForARevocationListThatHasEnded) {
    const Signer ca{text_of("ca.crt"), text_of("ca.key")};
    identities_.write("old.pem", sign_revocations({}, ca, now_ - days(30), now_ - days(3)).value());
    const std::string why = said("client", "ca.crt", "old.pem");
    EXPECT_TRUE(says(why, "the broker says our certificate has expired, but "));
    EXPECT_TRUE(says(why, "client.crt ends on " + date_and_minute(now_ + days(1))));
    EXPECT_TRUE(says(why, "its crl.pem"));
    EXPECT_EQ(said("client", "ca.crt", "crl.pem"), "");
}

TEST_F(Blamed, ForAnAuthorityThatHasEnded) {
    EXPECT_TRUE(says(said("of_ended", "ended.crt", ""), "its copy of the authority"));
}

TEST_F(Blamed, ForAnAuthorityWithoutARevocationList) {
    identities_.write("both.crt", text_of("ca.crt") + text_of("other.crt"));
    EXPECT_EQ(said("of_other", "both.crt", ""), "");
    EXPECT_TRUE(says(said("of_other", "both.crt", "crl.pem"), "or has a crl.pem of another"));
}

TEST_F(Blamed, ForAKeyThatSystemdCopiedBeforeItsCertificateWasReplaced) {
    const TlsFiles files{.ca_file = {},
                         .cert_file = identities_.path("client.crt"),
                         .key_file = identities_.path("of_other.key")};
    const auto why = [&] { return read_tls_files(files).error().message; };
    EXPECT_TRUE(says(why(), "belongs to another certificate"));
    EXPECT_FALSE(says(why(), "systemctl"));
    ASSERT_EQ(::setenv("CREDENTIALS_DIRECTORY", identities_.folder().c_str(), 1), 0);
    EXPECT_TRUE(says(why(), "systemctl restart flyball-node"));
    ::unsetenv("CREDENTIALS_DIRECTORY");
    EXPECT_TRUE(is_credential("/run/credentials/flyball-node.service/key"));
    EXPECT_FALSE(is_credential("/etc/flyball/key"));
}

TEST(Alert, IsBelievedOfACertificateThatHasEnded) {
    constexpr int certificate_expired = 45;  // RFC 8446, 6.2
    const Instant now = Instant(days(20'000));
    const auto said = [&](std::optional<Instant> ends) {
        return sentence_of_alert(certificate_expired, {.file = "a.crt", .ends = ends, .now = now});
    };
    EXPECT_EQ(said(now - days(1)),
              "the broker refused our certificate, a.crt: it has expired: it ended on 2024-10-03 "
              "00:00 UTC");
    EXPECT_TRUE(says(said(now + days(1)), "a.crt ends on 2024-10-05 00:00 UTC"));
    EXPECT_EQ(said(std::nullopt), "the broker refused our certificate, a.crt: it has expired");
}

}  // namespace
}  // namespace flyball::testing
