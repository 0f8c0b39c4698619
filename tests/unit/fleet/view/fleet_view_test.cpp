#include "fleet/view/fleet_view.h"

#include <gtest/gtest.h>

#include "tests/unit/fleet/view/reports.h"

namespace flyball {
namespace {

using namespace std::chrono_literals;
using testing::hear;
using testing::name_of;
using testing::report;
using testing::start;
using testing::Told;

constexpr const char* will = R"({"status":"offline","region":"eu","node":"a","session":1})";

TEST(FleetView, TakesARateFromTheTotalsOfTwoReports) {
    FleetView view;
    hear(view, "eu/a", {.requests = 100, .denied = 10});
    EXPECT_DOUBLE_EQ(view.nodes(start)[0].per_second, 7.5) << "of one report: as it says itself";
    hear(view, "eu/a", {.at = start + 10s, .requests = 300, .denied = 30});
    const NodeRow row = view.nodes(start + 10s)[0];
    EXPECT_DOUBLE_EQ(row.per_second, 20);
    EXPECT_DOUBLE_EQ(row.denied_per_second, 2);
    hear(view, "eu/a", {.at = start + 10s, .requests = 300, .denied = 30}, true);
    EXPECT_DOUBLE_EQ(view.nodes(start + 11s)[0].denied_per_second, 2) << "the same report again";
}

TEST(FleetView, TakesNoRateAcrossARestart) {
    FleetView view;
    hear(view, "eu/a", {.requests = 1'000'000});
    hear(view, "eu/a", {.at = start + 10s, .requests = 5, .session = 2, .started_ms = 1});
    EXPECT_DOUBLE_EQ(view.nodes(start + 10s)[0].per_second, 7.5);
    hear(view, "eu/a", {.at = start + 20s, .requests = 1, .session = 2, .started_ms = 1});
    EXPECT_DOUBLE_EQ(view.nodes(start + 20s)[0].per_second, 0) << "a total that falls is no rate";
}

TEST(FleetView, LosesANodeThreeIntervalsAfterItsLastReportArrived) {
    FleetView view;
    hear(view, "eu/a", {});
    EXPECT_EQ(view.nodes(start + 30s)[0].health.status, "online");
    const NodeRow lost = view.nodes(start + 31s)[0];
    EXPECT_EQ(lost.health.status, "lost");
    EXPECT_FALSE(lost.alive);
    EXPECT_EQ(lost.per_second, 0);
    FleetView strict(Span(5s));
    hear(strict, "eu/a", {});
    EXPECT_EQ(strict.nodes(start + 6s)[0].health.status, "lost");
}

TEST(FleetView, AgesWhatTheBrokerKeptByItsOwnTime) {
    FleetView view;
    view.hear(name_of("eu/a"), report({}).dump(), true, start + 1h);
    EXPECT_EQ(view.nodes(start + 1h)[0].health.status, "lost");
}

TEST(FleetView, BuriesNoSessionUnderTheWillOfAnEarlierOne) {
    FleetView view;
    hear(view, "eu/a", {.session = 2});
    EXPECT_EQ(view.hear(name_of("eu/a"), will, false, start), FleetView::Heard::late);
    EXPECT_EQ(view.nodes(start)[0].health.status, "online");
}

TEST(FleetView, KeepsWhatANodeLastSaidWhenItsWillArrives) {
    FleetView view;
    hear(view, "eu/a", {.requests = 9});
    EXPECT_EQ(view.hear(name_of("eu/a"), will, false, start + 1s), FleetView::Heard::taken);
    const NodeRow row = view.nodes(start + 1s)[0];
    EXPECT_EQ(row.health.status, "offline");
    EXPECT_EQ(row.facts.requests, 9);
    EXPECT_EQ(whole_of({row}).memory_bytes, 0) << "a node that is gone uses nothing";
}

TEST(FleetView, ForgetsARetiredNodeAndShowsWhatIsMissing) {
    FleetView view;
    hear(view, "eu/a", {});
    view.expect(name_of("eu/b"));
    EXPECT_EQ(view.nodes(start)[1].health.status, "missing");
    EXPECT_EQ(view.hear(name_of("eu/a"), "", false, start), FleetView::Heard::cleared);
    ASSERT_EQ(view.nodes(start).size(), 1U);
    EXPECT_EQ(view.nodes(start)[0].name.text(), "eu/b");
}

TEST(FleetView, SurvivesWhatIsNoReport) {
    FleetView view;
    for (const std::string& payload :
         {std::string("nonsense"), std::string("[]"), std::string("{}"),
          std::string("{\"status\":3}"),
          "{\"status\":\"online\",\"x\":\"" + std::string(FleetView::payload_max, 'x') + "\"}",
          std::string(5000, '[')}) {
        EXPECT_EQ(view.hear(name_of("eu/a"), payload, true, start), FleetView::Heard::unreadable);
        EXPECT_EQ(view.nodes(start)[0].health.status, "unreadable");
    }
    const Json odd = {{"status", "online"},
                      {"at", "x"},
                      {"interval_s", -3},
                      {"memory", 3},
                      {"latency_us", {{"buckets", {3, 2, 1}}}},
                      {"throughput", {{"requests", -5}, {"per_second", "x"}}},
                      {"governors", {1, {{"deny", 1e300}, {"denied", {{"a", nullptr}}}}}}};
    EXPECT_EQ(view.hear(name_of("eu/a"), odd.dump(), false, start), FleetView::Heard::taken);
    EXPECT_EQ(view.nodes(start)[0].facts.requests, 0);
    EXPECT_EQ(view.nodes(start)[0].facts.governors.size(), 1U);
}

TEST(FleetView, RefusesOneNodeTooMany) {
    FleetView view;
    for (std::size_t i = 0; i < FleetView::nodes_max; ++i) {
        view.expect({"eu", "n" + std::to_string(i)});
    }
    EXPECT_EQ(hear(view, "eu/other", {}), FleetView::Heard::refused);
    EXPECT_EQ(hear(view, "eu/n5", {}), FleetView::Heard::taken);
    EXPECT_EQ(view.refused(), 1U);
}

TEST(FleetView, SumsUpRegions) {
    FleetView view;
    hear(view, "eu/a", {.requests = 100, .fast = 100});
    hear(view, "eu/b", {.requests = 100, .status = "degraded", .fast = 0});
    hear(view, "us/c", {});
    view.expect(name_of("us/d"));
    const auto regions = regions_of(view.nodes(start));
    ASSERT_EQ(regions.size(), 2U);
    EXPECT_EQ(regions[0].region, "eu");
    EXPECT_EQ(regions[0].nodes, 2U);
    EXPECT_EQ(regions[0].online, 1U);
    EXPECT_EQ(regions[0].others.at("degraded"), 1U);
    EXPECT_EQ(regions[0].memory_bytes, 2'000'000);
    EXPECT_DOUBLE_EQ(regions[0].per_second, 15);
    EXPECT_NEAR(regions[0].p50_us, 50, 0.1);
    EXPECT_NEAR(regions[0].p99_us, 990, 0.1);
    EXPECT_EQ(regions[1].others.at("missing"), 1U);
    EXPECT_EQ(whole_of(view.nodes(start)).nodes, 4U);
    EXPECT_EQ(regions[1].p99_us, 0) << "nothing was asked";
}

TEST(FleetView, MeasuresLatencyBetweenTwoReports) {
    FleetView view;
    hear(view, "eu/a", {.requests = 1000, .fast = 0});
    hear(view, "eu/a", {.at = start + 10s, .requests = 1100, .fast = 100});
    EXPECT_LE(whole_of(view.nodes(start + 10s)).p50_us, 50) << "not that of its whole life";
}

TEST(Percentile, LiesWithinItsBucket) {
    EXPECT_EQ(percentile_us({}, 0.5), 0);
    LatencyTotals all_slow{};
    all_slow.back() = 5;
    EXPECT_EQ(percentile_us(all_slow, 0.5), 250'000) << "no more is known than: above the last";
    const LatencyTotals spread{0, 0, 10, 10, 10, 10, 10, 10, 10, 10, 10};
    EXPECT_DOUBLE_EQ(percentile_us(spread, 0.5), 175);
}

TEST(CertificateNote, CountsFromTheReportsOwnTime) {
    constexpr std::int64_t day_ms = 86'400'000;
    Json told = report({.status = "degraded"});
    told["at"] = 1'000 * day_ms;
    told["clock"] = "ok";
    told["tls"] = {{"not_after", 1'015 * day_ms}, {"ca_not_after", 2'000 * day_ms}};
    EXPECT_EQ(certificate_note(*read_health_facts(told)), "");
    told["tls"]["not_after"] = 1'009 * day_ms;
    EXPECT_EQ(certificate_note(*read_health_facts(told)), "its certificate ends in 9 d");
    EXPECT_EQ(why_degraded(*read_health_facts(told)), "its certificate ends in 9 d");
    told["tls"]["ca_not_after"] = 999 * day_ms;
    EXPECT_EQ(certificate_note(*read_health_facts(told)),
              "its certificate ends in 9 d, its CA has ended");
    told["clock"] = "unset";
    EXPECT_EQ(certificate_note(*read_health_facts(told)), "") << "no date means anything then";
    told["tls"] = nullptr;
    told["clock"] = "ok";
    EXPECT_EQ(certificate_note(*read_health_facts(told)), "");
}

TEST(WhyDegraded, NamesWhatTheReportShows) {
    Json told = report({.status = "degraded"});
    EXPECT_EQ(why_degraded(*read_health_facts(told)), "another node may be using its name");
    told["governors"][0]["status"] = "down";
    told["journal"]["last_error"] = "disk full\x1b[2J";
    told["clock"] = "behind";
    EXPECT_EQ(why_degraded(*read_health_facts(told)),
              "quota/main is down, journal: disk full\\x1b[2J, its clock is behind");
}

}  // namespace
}  // namespace flyball
