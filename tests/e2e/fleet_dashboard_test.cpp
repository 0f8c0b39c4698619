// flyball dashboard and its server as other programs use them; the page itself is tested in a
// browser (tests/dashboard).

#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <vector>

#include "fleet/dashboard/assets.h"
#include "fleet/dashboard/server.h"
#include "tests/build_tree.h"
#include "tests/e2e/http_get.h"
#include "tests/unit/fleet/program.h"

namespace flyball::testing {
namespace {

// A build without npm has no dashboard, and says so.
bool has_page() {
    for (const Asset& asset : dashboard_assets()) {
        if (asset.path == "/mqtt.js") {
            return !asset.content.empty();
        }
    }
    return false;
}

TEST(ListenAddress, IsHostAndPort) {
    EXPECT_EQ(parse_listen("127.0.0.1:80")->port, 80);
    EXPECT_EQ(parse_listen("[::1]:0")->host, "::1");
    for (const char* text : {"", "80", ":80", "a:", "a:x", "a:80x", "a:65536", "a:-1"}) {
        EXPECT_EQ(parse_listen(text).error().code, ErrorCode::usage) << text;
    }
}

TEST(DashboardServer, ServesThePageAndTheBrokersAddress) {
    if (!has_page()) {
        GTEST_SKIP() << "built without npm";
    }
    auto server = DashboardServer::start({{}, "wss://broker:8084", "p/v1"});
    ASSERT_TRUE(server) << server.error().message;
    const std::uint16_t port = (*server)->port();
    EXPECT_EQ((*server)->url(), "http://127.0.0.1:" + std::to_string(port) + "/");
    const std::string page = http_get(port, "/");
    EXPECT_NE(page.find("200 OK"), std::string::npos);
    EXPECT_NE(page.find("script-src 'self'"), std::string::npos);
    EXPECT_NE(page.find("<title>Flyball fleet</title>"), std::string::npos);
    for (const Asset& asset : dashboard_assets()) {
        EXPECT_TRUE(http_get(port, std::string(asset.path)).ends_with(asset.content)) << asset.path;
    }
    EXPECT_NE(
        http_get(port, "/settings.json").find(R"({"broker":"wss://broker:8084","prefix":"p/v1"})"),
        std::string::npos);
    EXPECT_NE(http_get(port, "/../etc/passwd").find(" 404 "), std::string::npos);
    EXPECT_EQ(DashboardServer::start({{"127.0.0.1", port}, "", "p"}).error().code,
              ErrorCode::unavailable)
        << "the port is taken";
    (*server)->stop();
    (*server)->stop();
    EXPECT_EQ(http_get(port, "/"), "");
}

// Six at once, some opened in case of need, none of them closed.
TEST(DashboardServer, DoesNotWaitForTheConnectionsThatABrowserKeeps) {
    if (!has_page()) {
        GTEST_SKIP() << "built without npm";
    }
    auto server = DashboardServer::start({{}, "wss://broker:8084", "p/v1"});
    ASSERT_TRUE(server) << server.error().message;
    const std::string request = "GET /mqtt.js HTTP/1.1\r\nHost: localhost\r\n\r\n";
    std::vector<int> kept;
    for (int i = 0; i < 6; ++i) {
        kept.push_back(http_connection((*server)->port(), i < 3 ? request : ""));
    }
    const auto asked = std::chrono::steady_clock::now();
    EXPECT_NE(http_get((*server)->port(), "/").find("200 OK"), std::string::npos);
    EXPECT_LT(std::chrono::steady_clock::now() - asked, std::chrono::seconds(2));
    std::ranges::for_each(kept, ::close);
}

TEST(DashboardServer, RefusesABrokerThatNoBrowserCanReach) {
    EXPECT_EQ(DashboardServer::start({{}, "tcp://broker:1883", "p"}).error().code,
              ErrorCode::usage);
}

TEST(DashboardVerb, PrintsItsAddressAndEndsOnCtrlC) {
    if (!has_page()) {
        GTEST_SKIP() << "built without npm";
    }
    Program program({tool_program(), "dashboard", "--json"});
    for (int i = 0; i < 1000 && program.out().find('\n') == std::string::npos; ++i) {
        ASSERT_LT(program.wait(std::chrono::milliseconds(20)), 0) << program.err();
    }
    EXPECT_TRUE(program.out().starts_with(R"({"url":"http://127.0.0.1:)")) << program.out();
    program.signal(SIGINT);
    EXPECT_EQ(program.wait(), 0);
    Program wrong({tool_program(), "dashboard", "--broker", "tcp://localhost:1883"});
    EXPECT_EQ(wrong.wait(), 64);
    EXPECT_NE(wrong.err().find("websockets listener"), std::string::npos) << wrong.err();
    Program nowhere({tool_program(), "dashboard", "--listen", "8080"});
    EXPECT_EQ(nowhere.wait(), 64);
}

}  // namespace
}  // namespace flyball::testing
