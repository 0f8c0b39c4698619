#include "fleet/metrics/exposition.h"

#include <gtest/gtest.h>
#include <prometheus/text_serializer.h>

#include <sstream>

#include "tests/unit/fleet/view/reports.h"

namespace flyball {
namespace {

using namespace std::chrono_literals;
using testing::name_of;
using testing::report;
using testing::start;
using testing::Told;

class Metrics : public ::testing::Test {
protected:
    void hear(const Told& told, const std::string& node = "eu/a") {
        metrics_.hear(name_of(node), report(told).dump(), false, told.at);
        now_ = told.at;
    }
    std::string text() const {
        std::ostringstream out;
        prometheus::TextSerializer().Serialize(out, metrics_.Collect());
        return out.str();
    }
    bool has(const std::string& line) const {
        return text().find(line + "\n") != std::string::npos;
    }

    Instant now_ = start;
    Exposition metrics_{[this] { return now_; }};
};

const std::string allowed =
    R"(flyball_decisions_total{region="eu",node="a",type="quota",governor="main",decision="allow",reason=""} )";
const std::string denied =
    R"(flyball_decisions_total{region="eu",node="a",type="quota",governor="main",decision="deny",reason="quota_exceeded"} )";

TEST_F(Metrics, HaveTheNamesAndLabelsOfTheProtocol) {
    Json full = report({.requests = 10, .denied = 4, .fast = 6});
    full["tls"] = {{"not_after", 1'800'000'000'000}, {"ca_not_after", 1'900'000'000'000}};
    metrics_.hear(name_of("eu/a"), full.dump(), false, start);
    for (const std::string& line :
         {std::string(R"(flyball_up{region="eu",node="a"} 1)"),
          std::string(
              R"(flyball_governor_up{region="eu",node="a",type="quota",governor="main"} 1)"),
          allowed + "6", denied + "4",
          std::string(
              R"(flyball_request_duration_seconds_bucket{region="eu",node="a",le="5e-05"} 6)"),
          std::string(
              R"(flyball_request_duration_seconds_bucket{region="eu",node="a",le="+Inf"} 10)"),
          std::string(R"(flyball_request_duration_seconds_count{region="eu",node="a"} 10)"),
          std::string(R"(flyball_journal_errors_total{region="eu",node="a"} 0)"),
          std::string(R"(flyball_resident_memory_bytes{region="eu",node="a"} 2000000)"),
          std::string(R"(flyball_build_info{version="0.1.0"} 1)")}) {
        EXPECT_TRUE(has(line)) << line << "\n" << text();
    }
    EXPECT_NE(text().find("flyball_certificate_not_after_seconds{region=\"eu\",node=\"a\","
                          "certificate=\"node\"} 1800000000"),
              std::string::npos)
        << text();
    EXPECT_EQ(text().find("tenant"), std::string::npos);
}

TEST_F(Metrics, GoOnWhereAnEarlierLifeEnded) {
    hear({.requests = 100, .denied = 40});
    hear({.at = start + 10s, .requests = 7, .denied = 2, .session = 2, .started_ms = 1});
    EXPECT_TRUE(has(allowed + "65")) << text();
    EXPECT_TRUE(has(denied + "42")) << text();
    EXPECT_TRUE(has(R"(flyball_request_duration_seconds_count{region="eu",node="a"} 107)"));
}

TEST_F(Metrics, NeverFallWithALateReport) {
    hear({.at = start + 10s, .requests = 100});
    hear({.at = start, .requests = 50});
    EXPECT_TRUE(has(allowed + "100")) << text();
}

TEST_F(Metrics, ShowANodeThatIsGoneAsDownUntilItIsRetired) {
    hear({.requests = 5});
    now_ = start + 31s;
    EXPECT_TRUE(has(R"(flyball_up{region="eu",node="a"} 0)")) << text();
    EXPECT_EQ(text().find("flyball_governor_up{"), std::string::npos);
    EXPECT_TRUE(has(allowed + "5")) << text();
    metrics_.hear(name_of("eu/a"), "", false, now_);
    EXPECT_EQ(text(), "");
}

TEST_F(Metrics, CountJournalErrorsAsTheyAppear) {
    const auto fails = [&](const Json& error, Span after) {
        Json failing = report({.at = start + after});
        failing["journal"]["last_error"] = error;
        metrics_.hear(name_of("eu/a"), failing.dump(), false, start + after);
        now_ = start + after;
    };
    fails("disk full", 1s);
    fails("disk full", 2s);
    fails(nullptr, 3s);
    fails("disk full", 4s);
    EXPECT_TRUE(has(R"(flyball_journal_errors_total{region="eu",node="a"} 2)")) << text();
}

TEST_F(Metrics, SurviveAGovernorNamedTwiceAndOddNames) {
    Json odd = report({.requests = 1});
    odd["governors"].push_back(odd["governors"][0]);
    odd["governors"].push_back({{"type", "a\"b\n"}, {"name", "\\"}, {"status", "up"}});
    metrics_.hear(name_of("eu/a"), odd.dump(), false, start);
    const std::string shown = text();
    EXPECT_NE(shown.find(R"(type="a\"b)"), std::string::npos) << shown;
    const std::string line = "flyball_governor_up{region=\"eu\",node=\"a\",type=\"quota\"";
    EXPECT_EQ(shown.find(line), shown.rfind(line));
}

}  // namespace
}  // namespace flyball
