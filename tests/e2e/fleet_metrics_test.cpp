// flyball metrics: scraped over HTTP as Prometheus would, every line parsed.

#include <gtest/gtest.h>
#include <signal.h>

#include <map>
#include <regex>
#include <sstream>

#include "tests/build_tree.h"
#include "tests/e2e/broker.h"
#include "tests/e2e/fleet_responder.h"
#include "tests/e2e/http_get.h"
#include "tests/unit/fleet/program.h"
#include "tests/unit/fleet/view/reports.h"

namespace flyball::testing {
namespace {

using namespace std::chrono_literals;

// Samples by name with labels; fails the test on a line that is no exposition format.
std::map<std::string, double> parse(const std::string& body) {
    static const std::regex sample(
        R"(^([a-zA-Z_:][a-zA-Z0-9_:]*(\{([a-z_]+="([^"\\]|\\.)*",?)*\})?) ([-+0-9.eE]+|[+-]?Inf|NaN)$)");
    static const std::regex remark(
        R"(^# (HELP [a-z_]+ .+|TYPE [a-z_]+ (counter|gauge|histogram))$)");
    std::map<std::string, double> samples;
    std::istringstream lines(body);
    for (std::string line; std::getline(lines, line);) {
        std::smatch match;
        if (std::regex_match(line, match, sample)) {
            EXPECT_TRUE(samples.emplace(match[1], std::stod(match[5])).second) << "twice: " << line;
        } else {
            EXPECT_TRUE(std::regex_match(line, remark)) << line;
        }
    }
    return samples;
}

class FleetMetrics : public ::testing::Test {
protected:
    void tell(const Told& told) {
        nodes_.publish("flyball/v1/eu/a/health", report(told).dump(), true);
    }
    // Scrapes until `wanted` is what the sample says.
    std::map<std::string, double> scrape_until(const std::string& sample, double wanted) {
        std::map<std::string, double> samples;
        for (int i = 0; i < 500; ++i) {
            const std::string answer = http_get(port_, "/metrics");
            const std::size_t body = answer.find("\r\n\r\n");
            samples = parse(body == answer.npos ? "" : answer.substr(body + 4));
            if (samples.contains(sample) && samples[sample] == wanted) {
                return samples;
            }
            tool_->wait(20ms);
        }
        ADD_FAILURE() << sample << " never was " << wanted;
        return samples;
    }
    void start() {
        tool_ = std::make_unique<Program>(std::vector<std::string>{
            tool_program(), "metrics", "--listen", "127.0.0.1:0", "--broker", broker_.address()});
        for (int i = 0; i < 1000 && tool_->out().find("/metrics\n") == std::string::npos; ++i) {
            ASSERT_LT(tool_->wait(20ms), 0) << tool_->err();
        }
        const std::string line = tool_->out();
        port_ = static_cast<std::uint16_t>(std::stoi(line.substr(line.rfind(':') + 1)));
    }

    Broker broker_;
    Responder nodes_{broker_.address(), "flyball/v1/nobody",
                     [](const Responder::Request&) { return std::nullopt; }};
    std::unique_ptr<Program> tool_;
    std::uint16_t port_ = 0;
};

TEST_F(FleetMetrics, AreServedAndGoOnOverARestart) {
    const Instant now = std::chrono::floor<Span>(std::chrono::system_clock::now());
    const std::string denied =
        R"(flyball_decisions_total{region="eu",node="a",type="quota",governor="main",decision="deny",reason="quota_exceeded"})";
    tell({.at = now, .requests = 10, .denied = 4, .fast = 6});
    start();
    auto samples = scrape_until(denied, 4);
    EXPECT_EQ(samples[R"(flyball_up{region="eu",node="a"})"], 1);
    EXPECT_EQ(samples[R"(flyball_request_duration_seconds_count{region="eu",node="a"})"], 10);
    EXPECT_EQ(samples[R"(flyball_build_info{version="0.1.0"})"], 1);
    tell({.at = now + 1s, .requests = 3, .denied = 1, .session = 2, .started_ms = 1});
    samples = scrape_until(denied, 5);
    EXPECT_EQ(samples[R"(flyball_request_duration_seconds_count{region="eu",node="a"})"], 13);
    nodes_.publish("flyball/v1/eu/a/health", R"({"status":"offline","session":2})", true);
    scrape_until(R"(flyball_up{region="eu",node="a"})", 0);
    EXPECT_NE(http_get(port_, "/elsewhere").find(" 404 "), std::string::npos);
    tool_->signal(SIGTERM);
    EXPECT_EQ(tool_->wait(), 0) << tool_->err();
}

TEST_F(FleetMetrics, SayWhenTheAddressIsTaken) {
    Program program({tool_program(), "metrics", "--listen",
                     "127.0.0.1:" + std::to_string(broker_.port()), "--broker", broker_.address()});
    EXPECT_EQ(program.wait(), 69);
    EXPECT_NE(program.err().find("cannot be listened on"), std::string::npos) << program.err();
}

}  // namespace
}  // namespace flyball::testing
