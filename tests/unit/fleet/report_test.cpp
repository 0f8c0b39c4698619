// The report: its schema, its gates both ways, and what it says of a fleet that broke its promises.

#include "fleet/report/report.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace flyball {
namespace {

// A fleet that meets everything.
FleetFigures good() {
    FleetFigures f;
    f.run = "calm-river";
    f.version = "0.1.0";
    f.devices = f.devices_up = 100;
    f.governors = f.governors_up = 3'000;
    f.fleet_up_s = 9;
    f.startup_ms.assign(100, 120.0);
    RegionLoad region;
    region.region = "eu-west";
    region.devices = 100;
    region.all = region.calm = {.asked = 20'000, .answered = 20'000, .denied = 900};
    for (int i = 0; i < 20'000; ++i) {
        region.latency_us.record(400 + i % 3'000);
    }
    region.seconds = {{0, {.asked = 10'000, .answered = 10'000}, 400, 3'000},
                      {1, {.asked = 10'000, .answered = 10'000}, 400, 3'000}};
    f.load.seconds = 60;
    f.load.per_second = 2'000;
    f.load.latency_us = f.load.calm_latency_us = region.latency_us;
    f.load.regions = {region};
    f.throughput = f.load;
    f.throughput->seconds = 1;
    f.throughput->batch = 16;
    f.memory = {60, 40'000'000, 10'000'000, 15'000'000};
    f.memory_samples = {{0, 30'000'000, 9'000'000, 14'000'000}, f.memory};
    f.governor_bytes = 3'000 * 20'000;
    f.cpu = {30, 12, 9};
    f.filled = FilledNode{.raw_bytes = 800'000,
                          .snapshot_bytes = 100'000,
                          .governors = 30,
                          .ring_events = 1'000,
                          .begun_governor_bytes = 60'000,
                          .ring_governor_bytes = 600'000,
                          .governor_bytes = 1'900'000};
    f.invariants = {{"I1 never over-grant", 4'000, 0}, {"I2 ledger", 9'000, 0}};
    return f;
}

const Target& named(const std::vector<Target>& targets, const std::string& name) {
    const auto found = std::ranges::find(targets, name, &Target::name);
    if (found == targets.end()) {
        throw std::runtime_error("no target " + name);
    }
    return *found;
}

TEST(Report, AGoodFleetMeetsEverything) {
    const auto targets = targets_of(good());
    EXPECT_EQ(missed_of(targets, true), std::vector<std::string>{});
    EXPECT_EQ(exit_of(targets, true), Exit::done);
}

struct Fault {
    const char* target;
    void (*make)(FleetFigures&);
    bool gate;
};

TEST(Report, EachGateDecidesTheExitStatusAndOtherClaimsOnlyWhenStrict) {
    const std::vector<Fault> faults{
        {"violated invariants", [](FleetFigures& f) { f.invariants[1].violations = 1; }, true},
        {"nodes not up at the end", [](FleetFigures& f) { f.devices_up = 99; }, true},
        {"unanswered requests", [](FleetFigures& f) { f.load.regions[0].calm.unanswered = 1; },
         true},
        {"error replies", [](FleetFigures& f) { f.load.regions[0].calm.errors = 1; }, false},
        {"availability", [](FleetFigures& f) { f.load.regions[0].calm.answered = 19'990; }, true},
        {"latency p99", [](FleetFigures& f) { f.load.calm_latency_us.record(9'000, 1'000); }, true},
        {"memory of the nodes, as of 100",
         [](FleetFigures& f) { f.memory.nodes_pss_bytes = 96'000'000; }, true},
        {"fleet up", [](FleetFigures& f) { f.fleet_up_s = 15.1; }, true},
        {"memory of everything", [](FleetFigures& f) { f.memory.tool_pss_bytes = 60'000'000; },
         false},
        {"memory of a governor", [](FleetFigures& f) { f.governor_bytes *= 2; }, false},
        {"memory of 40 governors", [](FleetFigures& f) { f.filled->ring_governor_bytes *= 2; },
         false},
        {"a ring of 1,000 events",
         [](FleetFigures& f) { f.filled->ring_governor_bytes += 30 * 2'001; }, false},
        {"snapshot ratio", [](FleetFigures& f) { f.filled->raw_bytes = 400'000; }, false},
        {"start-up of a node", [](FleetFigures& f) { f.startup_ms.assign(100, 351.0); }, false},
        {"throughput", [](FleetFigures& f) { f.throughput->seconds = 2; }, false},
        {"throughput", [](FleetFigures& f) { f.throughput.reset(); }, false},
        {"CPU of a device", [](FleetFigures& f) { f.cpu.nodes_s = 220; }, false},
        {"worst restart",
         [](FleetFigures& f) {
             f.restarts = {{"eu-west/a", "killed by chaos", 3, 100, 901}};
         },
         false},
        {"machines", [](FleetFigures& f) { f.cpu.brokers_s = 700; }, false},
        {"cost", [](FleetFigures& f) { f.machine_cost = 300; }, false},
    };
    for (const Fault& fault : faults) {
        FleetFigures f = good();
        fault.make(f);
        const auto targets = targets_of(f);
        EXPECT_FALSE(named(targets, fault.target).met()) << fault.target;
        EXPECT_EQ(named(targets, fault.target).gate, fault.gate) << fault.target;
        EXPECT_EQ(exit_of(targets, false) == Exit::missed, fault.gate) << fault.target;
        EXPECT_EQ(exit_of(targets, true), Exit::missed) << fault.target;
    }
}

TEST(Report, ErrorRepliesThatNoGateCountsAreSaidWithTheVerdict) {
    FleetFigures f = good();
    const std::string said = "20000 error replies in calm, which no gate counts";
    for (const std::string& text :
         {report_markdown(f, false), report_html(f, false), report_summary(f, false)}) {
        EXPECT_EQ(text.find("which no gate counts"), std::string::npos);
    }
    f.load.regions[0].calm.errors = 20'000;  // each is answered, and nothing was decided
    EXPECT_EQ(exit_of(targets_of(f), false), Exit::done);
    EXPECT_NE(report_markdown(f, false).find("All gates are met; " + said), std::string::npos);
    EXPECT_NE(report_html(f, false).find("All gates are met; " + said), std::string::npos);
    EXPECT_NE(report_summary(f, false).find("all gates (*) met; " + said), std::string::npos);
    EXPECT_EQ(report_json(f, false)["verdict"], "All gates are met; " + said + ".");
    f.devices_up = 99;
    EXPECT_NE(report_markdown(f, false).find("Missed: nodes not up at the end; " + said),
              std::string::npos);
    EXPECT_NE(report_markdown(f, true).find("Missed: nodes not up at the end, error replies."),
              std::string::npos)
        << "strict counts them";
    f.load.regions[0].calm.errors = 1;
    EXPECT_NE(report_summary(f, false).find("; 1 error reply in calm,"), std::string::npos);
}

TEST(Report, AnotherRateThanTheDefaultHasNoGateOnLatency) {
    FleetFigures f = good();
    f.default_rate = false;
    f.load.calm_latency_us.record(900'000, 1'000);
    EXPECT_EQ(exit_of(targets_of(f), false), Exit::done);
}

TEST(Report, FewerDevicesThanAHundredHaveNoVerdictOnTheMemoryOfAHundred) {
    FleetFigures f = good();
    f.devices = f.devices_up = 9;
    f.memory.nodes_pss_bytes = 18'000'000;
    EXPECT_EQ(named(targets_of(f), "memory of the nodes, as of 100").verdict(), "");
    const Json report = report_json(f, false);
    EXPECT_TRUE(std::ranges::any_of(report.at("targets"),
                                    [](const Json& target) { return target.at("met").is_null(); }));
    EXPECT_EQ(std::ranges::count(missed_of(targets_of(f), true), "memory of the nodes, as of 100"),
              0);
    EXPECT_NE(report_html(f, false).find("<td class=\"dim\"></td>"), std::string::npos);
    f.devices = f.devices_up = 100;
    f.memory.nodes_pss_bytes = 96'000'000;
    EXPECT_EQ(named(targets_of(f), "memory of the nodes, as of 100").verdict(), "missed");
}

TEST(Report, NothingMeasuredMeetsNothingAndWritesAReportAllTheSame) {
    FleetFigures nothing;
    nothing.devices = 3;
    EXPECT_EQ(exit_of(targets_of(nothing), false), Exit::missed);
    EXPECT_NE(report_markdown(nothing, false).find("not measured"), std::string::npos);
    EXPECT_NE(report_html(nothing, false).find("nothing measured"), std::string::npos);
}

TEST(Report, TheJsonHasTargetsAndInvariantsAsPromised) {
    FleetFigures f = good();
    f.invariants[0].violations = 2;
    f.violations = {"eu-west/a: I1 never over-grant: 3 granted"};
    const Json report = report_json(f, false);
    ASSERT_TRUE(report["targets"].is_array());
    for (const Json& target : report["targets"]) {
        EXPECT_TRUE(target["name"].is_string());
        EXPECT_TRUE(target["target"].is_number());
        EXPECT_TRUE(target["measured"].is_number() || target["measured"].is_null());
        EXPECT_TRUE(target["unit"].is_string());
        EXPECT_TRUE(target["met"].is_boolean());
    }
    ASSERT_EQ(report["invariants"].size(), 2U);
    EXPECT_EQ(report["invariants"][0],
              Json({{"name", "I1 never over-grant"}, {"checks", 4'000}, {"violations", 2}}));
    EXPECT_EQ(report["missed"], Json::array({"violated invariants"}));
    EXPECT_EQ(report["violations"][0], f.violations[0]);
    EXPECT_EQ(report["load"]["latency_us"]["count"], 20'000);
}

TEST(Report, AViolationIsShownWithItsEvidenceEverywhere) {
    FleetFigures f = good();
    f.invariants[0].violations = 1;
    f.violations = {"eu-west/a: I1 never over-grant: <3> granted"};
    EXPECT_NE(report_markdown(f, false).find(f.violations[0]), std::string::npos);
    EXPECT_NE(report_summary(f, false).find(f.violations[0]), std::string::npos);
    EXPECT_NE(report_html(f, false).find("&lt;3&gt; granted"), std::string::npos);
    EXPECT_NE(report_summary(f, false).find("missed: violated invariants"), std::string::npos);
}

TEST(Report, AllThreeSayTheSame) {
    FleetFigures f = good();
    f.not_up = {"eu-west/device-07: lost"};
    f.machine = "2 cores";
    f.other_kind_pss_bytes = 987'654;
    f.broker_dropped = 31'337;
    f.load.lateness_us.record(77'000);
    f.load.error_reasons = {{"overloaded", 4'711}};
    f.load.in_doubt = {{"30 times without an answer", 815}};
    f.load.not_sent = 1'234;
    f.faults = 1;
    f.restarts = {{"eu-west/device-07", "kill", 9, 21, 333}};
    const std::string text = report_markdown(f, false);
    const std::string html = report_html(f, false);
    const std::string json = report_json(f, false).dump();
    for (const char* said : {"device-07: lost", "2 cores", "31337", "overloaded", "4711", "815",
                             "1234", "333", "kill"}) {
        EXPECT_NE(text.find(said), std::string::npos) << said;
        EXPECT_NE(html.find(said), std::string::npos) << said;
        EXPECT_NE(json.find(said), std::string::npos) << said;
    }
    for (const char* said : {"0.988 MB", "The generator sent 99 %", "Throughput", "this tool",
                             "dollars a month", "KB of its snapshot", "A node with full rings"}) {
        EXPECT_NE(text.find(said), std::string::npos) << said;
        EXPECT_NE(html.find(said), std::string::npos) << said;
    }
    EXPECT_EQ(report_json(f, false)["filled"]["snapshot_bytes"], f.filled->snapshot_bytes);
    EXPECT_EQ(report_json(f, false)["other_kind_pss_bytes"], 987'654);
}

TEST(Report, APauseIsNoRestart) {
    FleetFigures f = good();
    f.restarts = {{"eu-west/a", "pause", 3, 0, 10'000}, {"eu-west/a", "kill", 9, 20, 300}};
    EXPECT_EQ(named(targets_of(f), "worst restart").measured, 320);
    EXPECT_EQ(exit_of(targets_of(f), true), Exit::done);
    EXPECT_NE(report_html(f, false).find("<td>pause</td>"), std::string::npos);
    EXPECT_NE(report_markdown(f, false).find("| pause |"), std::string::npos);
}

TEST(Report, ThePageLoadsNothing) {
    FleetFigures f = good();
    const std::string html = report_html(f, false);
    for (const char* outside : {"http:", "https:", "src=", "@import", "url(", "<script"}) {
        EXPECT_EQ(html.find(outside), std::string::npos) << outside;
    }
    EXPECT_NE(html.find("<svg"), std::string::npos);
    for (const char* broken : {"nan,", ",nan", ">nan", "\"nan", "inf,", ",inf", ">inf", "\"inf"}) {
        EXPECT_EQ(html.find(broken), std::string::npos) << broken;
    }
}

TEST(Report, CountsDevicesOfAMachineByItsTighterBound) {
    FleetFigures f = good();
    const Cost by_memory = cost_of(f);
    EXPECT_EQ(by_memory.by_memory, 615U);  // (256 - 10) MB / 0.4 MB
    EXPECT_EQ(by_memory.by_cpu, 142U);     // 60 s x 100 / (30 + 12) s
    EXPECT_EQ(by_memory.per_machine, 142U);
    EXPECT_EQ(by_memory.machines, 1U);
    EXPECT_EQ(by_memory.dollars_a_month, 24);
}

}  // namespace
}  // namespace flyball
