// flyball top in a pseudo terminal, against a broker and health of the test's making.

#include <gtest/gtest.h>
#include <signal.h>

#include "tests/build_tree.h"
#include "tests/e2e/broker.h"
#include "tests/e2e/fleet_responder.h"
#include "tests/e2e/terminal.h"
#include "tests/unit/fleet/program.h"
#include "tests/unit/fleet/view/reports.h"

namespace flyball::testing {
namespace {

using namespace std::chrono_literals;

const std::string leaves_screen = "\x1b[?1049l";

class FleetTop : public ::testing::Test {
protected:
    void report_of(const std::string& node, const std::string& status = "online") {
        const Instant now = std::chrono::floor<Span>(std::chrono::system_clock::now());
        nodes_.publish("flyball/v1/" + node + "/health",
                       report({.at = now, .requests = 10, .status = status}).dump(), true);
    }
    std::vector<std::string> top(std::vector<std::string> more = {}) {
        std::vector<std::string> words = {tool_program(), "top", "--broker", broker_.address()};
        words.insert(words.end(), more.begin(), more.end());
        return words;
    }

    Broker broker_;
    Responder nodes_{broker_.address(), "flyball/v1/nobody",
                     [](const Responder::Request&) { return std::nullopt; }};
};

TEST_F(FleetTop, DrawsWhatIsThereAndWhatComes) {
    report_of("eu-west/pi-1");
    PseudoTerminal terminal(top(), 80, 24);
    EXPECT_TRUE(terminal.shows("1 node: ")) << terminal.drawn();
    EXPECT_TRUE(terminal.shows("> eu-west/pi-1")) << terminal.drawn();
    EXPECT_TRUE(terminal.shows("quota/main")) << terminal.drawn();
    EXPECT_FALSE(terminal.echoes());
    report_of("eu-west/pi-2", "degraded");
    EXPECT_TRUE(terminal.shows("eu-west/pi-2")) << terminal.drawn();
    nodes_.publish("flyball/v1/eu-west/pi-2/health", "", true);
    EXPECT_TRUE(terminal.shows("1 node: ")) << terminal.drawn();
    terminal.type("q");
    EXPECT_EQ(terminal.wait(), 0);
    EXPECT_NE(terminal.drawn().find(leaves_screen), std::string::npos);
    EXPECT_TRUE(terminal.echoes());
}

TEST_F(FleetTop, ObeysKeysAndResizes) {
    report_of("eu-west/pi-1");
    report_of("us-east/pi-2");
    PseudoTerminal terminal(top(), 80, 24);
    ASSERT_TRUE(terminal.shows("> eu-west/pi-1")) << terminal.drawn();
    terminal.type("\x1b[B");
    EXPECT_TRUE(terminal.shows("> us-east/pi-2")) << terminal.drawn();
    terminal.type("/eu");
    EXPECT_TRUE(terminal.shows("/eu_")) << terminal.drawn();
    terminal.type("\r");
    EXPECT_TRUE(terminal.shows("filter eu (1 of 2)")) << terminal.drawn();
    terminal.type("\x1b");
    EXPECT_TRUE(terminal.shows("sorted by name   ?")) << "a lone Esc takes the filter away";
    terminal.type("m");
    EXPECT_TRUE(terminal.shows("sorted by memory")) << terminal.drawn();
    terminal.type("?");
    EXPECT_TRUE(terminal.shows("this help")) << terminal.drawn();
    terminal.type("?");
    EXPECT_TRUE(terminal.shows("us-east/pi-2")) << terminal.drawn();
    terminal.resize(160, 30);
    EXPECT_TRUE(terminal.shows("VERSION")) << terminal.drawn();
    terminal.type("q");
    EXPECT_EQ(terminal.wait(), 0);
}

TEST_F(FleetTop, PutsTheTerminalBackOnCtrlC) {
    PseudoTerminal terminal(top(), 80, 24);
    ASSERT_TRUE(terminal.shows("no node has reported")) << terminal.drawn();
    terminal.type("\x03");
    EXPECT_EQ(terminal.wait(), 0);
    EXPECT_NE(terminal.drawn().find(leaves_screen), std::string::npos);
    EXPECT_TRUE(terminal.echoes());
}

TEST_F(FleetTop, SaysThatTheBrokerWentAway) {
    report_of("eu-west/pi-1");
    PseudoTerminal terminal(top(), 140, 24);
    ASSERT_TRUE(terminal.shows("> eu-west/pi-1")) << terminal.drawn();
    broker_.kill();
    EXPECT_TRUE(terminal.shows("next attempt")) << terminal.drawn();
    terminal.signal(SIGTERM);
    EXPECT_EQ(terminal.wait(), 0);
}

TEST_F(FleetTop, PrintsOnceForPeopleAndMachines) {
    report_of("eu-west/pi-1");
    report_of("us-east/pi-2", "offline");
    const auto ran = [&](std::vector<std::string> more) {
        Program program(top(std::move(more)));
        const int status = program.wait();
        return std::pair(status, program.out());
    };
    const auto [status, text] = ran({"--once"});
    EXPECT_EQ(status, 0);
    EXPECT_NE(text.find("eu-west/pi-1  online"), std::string::npos) << text;
    EXPECT_EQ(text.find('\x1b'), std::string::npos) << "no colours into a pipe";
    const auto json = Json::parse(ran({"--json", "--filter", "us-"}).second);
    EXPECT_EQ(json["fleet"]["nodes"], 2);
    ASSERT_EQ(json["nodes"].size(), 1U);
    EXPECT_EQ(json["nodes"][0]["status"], "offline");
    EXPECT_EQ(ran({}).first, 64) << "no terminal to draw on";
    EXPECT_EQ(ran({"--once", "--sort", "colour"}).first, 64);
}

}  // namespace
}  // namespace flyball::testing
