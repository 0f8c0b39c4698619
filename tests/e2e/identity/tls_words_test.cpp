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

#include "fleet/clock.h"
#include "tests/e2e/broker.h"
#include "tests/e2e/identity/identities.h"
#include "transport/tcp_reach.h"
#include "transport/tls_probe.h"

namespace flyball::testing {
namespace {

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

}  // namespace
}  // namespace flyball::testing
