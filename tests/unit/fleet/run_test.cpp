// A fleet's plan, its faults on a schedule, its brokers' files and what is to be seen of it.

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <stdexcept>

#include "fleet/run/broker_faults.h"
#include "fleet/run/brokers.h"
#include "fleet/run/chaos.h"
#include "fleet/run/devices.h"
#include "fleet/run/filled_node.h"
#include "fleet/run/loopback_port.h"
#include "fleet/run/plan.h"
#include "fleet/run/presence.h"
#include "fleet/run/progress.h"

namespace flyball {
namespace {

std::string wrong_plan(const std::string& text) {
    std::string folder = std::filesystem::temp_directory_path() / "flyball-plan-XXXXXX";
    if (::mkdtemp(folder.data()) == nullptr) {
        throw std::runtime_error("no temporary folder");
    }
    const std::string file = folder + "/plan.toml";
    std::ofstream(file) << text;
    Plan plan;
    const auto read = read_plan(file, plan);
    std::filesystem::remove_all(folder);
    return read ? "" : read.error().message;
}

TEST(Plan, IsTheRegionalDeploymentUnlessSaidOtherwise) {
    const Plan plan;
    EXPECT_EQ(plan.devices(), 100);
    EXPECT_EQ(plan.regions.size(), 3U);
    EXPECT_EQ(plan.regions[2].devices, 34);
    for (const TypeCount& type : spread_governors(plan.governors)) {
        EXPECT_EQ(type.count, 6) << type.type;
    }
    EXPECT_TRUE(check_plan(plan));
}

TEST(Plan, SpreadsGovernorsThatDoNotDivideByFive) {
    int sum = 0;
    for (const TypeCount& type : spread_governors(13)) {
        EXPECT_GE(type.count, 2);
        sum += type.count;
    }
    EXPECT_EQ(sum, 13);
}

TEST(Plan, ReadsRegions) {
    const auto regions = parse_regions("us-east=10,eu-west=0");
    ASSERT_TRUE(regions);
    EXPECT_EQ(regions->at(0).name, "us-east");
    EXPECT_EQ(regions->at(1).devices, 0);
    for (const char* wrong :
         {"us-east", "us-east=", "=3", "us east=3", "a=-1", "a=1x", "a=1,,b=2"}) {
        EXPECT_FALSE(parse_regions(wrong)) << wrong;
    }
}

TEST(Plan, ReadsAFileAndNamesWhatIsWrongInIt) {
    EXPECT_EQ(wrong_plan("devices = \"a=2\"\nfor = \"5s\"\nrate = 100\nchaos = \"kill=1/1s\"\n"),
              "");
    EXPECT_NE(wrong_plan("rate = 1\ndevice = \"a=2\"\n").find(":2: device: is not known"),
              std::string::npos);
    EXPECT_NE(wrong_plan("for = 5\n").find(":1: for: must be"), std::string::npos);
    EXPECT_NE(wrong_plan("devices = \"a\"\n").find("devices: 'a'"), std::string::npos);
    EXPECT_NE(wrong_plan("rate = \n").find(":1:"), std::string::npos);
    for (const char* beyond :
         {"governors = 4294967301", "governors = 4", "seed = -1", "machine-cost = -5",
          "machine-cost = nan", "rate = -1", "rate = inf", "for = \"0s\""}) {
        EXPECT_NE(wrong_plan(beyond).find(":1: "), std::string::npos) << beyond;
    }
}

TEST(Plan, RefusesFleetsThatCannotBe) {
    const auto with = [](auto change) {
        Plan plan;
        change(plan);
        return check_plan(plan).has_value();
    };
    EXPECT_FALSE(with([](Plan& plan) { plan.regions.clear(); }));
    EXPECT_FALSE(with([](Plan& plan) { plan.governors = 4; }));
    EXPECT_FALSE(with([](Plan& plan) { plan.regions[1].name = "us-east"; }));
    EXPECT_FALSE(with([](Plan& plan) { plan.regions[1].name = "reply"; }));
    EXPECT_FALSE(with([](Plan& plan) { plan.rate = -1; }));
    EXPECT_FALSE(with([](Plan& plan) { plan.run_for = Span(0); }));
    EXPECT_FALSE(with([](Plan& plan) { plan.machine_cost = -5; }));
    EXPECT_FALSE(with([](Plan& plan) { plan.regions[1].devices = devices_max; }));
    EXPECT_FALSE(with([](Plan& plan) { plan.in_broker = plan.isolate = true; }));
    EXPECT_FALSE(with([](Plan& plan) { plan.in_broker = plan.tls = true; }));
    for (const ChaosKind kind : {ChaosKind::kill, ChaosKind::pause}) {
        EXPECT_FALSE(with([kind](Plan& plan) {
            plan.in_broker = true;
            plan.chaos = {{.kind = kind}};
        }));
    }
    EXPECT_TRUE(with([](Plan& plan) {
        plan.in_broker = true;
        plan.chaos = {{.kind = ChaosKind::broker}};
    }));
}

TEST(Chaos, ReadsItsRates) {
    const auto rates = parse_chaos("kill=1/10s,pause=3/1m");
    ASSERT_TRUE(rates);
    EXPECT_EQ(rates->at(1).kind, ChaosKind::pause);
    EXPECT_EQ(rates->at(1).count, 3);
    EXPECT_EQ(rates->at(1).every, Span(60'000));
    for (const char* wrong :
         {"kill", "kill=1", "kill=0/1s", "flood=1/1s", "kill=1/1mo", "kill=x/1s", "kill=1/10ms"}) {
        EXPECT_FALSE(parse_chaos(wrong)) << wrong;
    }
}

TEST(Chaos, KeepsItsRateAndItsSeed) {
    const auto rates = parse_chaos("kill=1/10s,broker=1/30s");
    Chaos all_at_once(*rates, 5);
    Chaos bit_by_bit(*rates, 5);
    const auto at_once = all_at_once.due(Span(600'000));
    std::vector<ChaosFault> bits;
    for (int ms = 0; ms <= 600'000; ms += 700) {
        const auto some = bit_by_bit.due(Span(ms));
        bits.insert(bits.end(), some.begin(), some.end());
    }
    std::map<ChaosKind, int> counts;
    std::map<ChaosKind, std::vector<std::uint64_t>> picks;
    for (const ChaosFault& fault : at_once) {
        ++counts[fault.kind];
    }
    EXPECT_NEAR(counts[ChaosKind::kill], 60, 1);
    EXPECT_NEAR(counts[ChaosKind::broker], 20, 1);
    const auto of_kill = [](const std::vector<ChaosFault>& faults) {
        std::vector<std::uint64_t> found;
        for (const ChaosFault& fault : faults) {
            if (fault.kind == ChaosKind::kill) {
                found.push_back(fault.pick);
            }
        }
        found.resize(std::min<std::size_t>(found.size(), 59));
        return found;
    };
    EXPECT_EQ(of_kill(at_once), of_kill(bits));
    EXPECT_NE(Chaos(*rates, 6).due(Span(60'000)).front().pick, at_once.front().pick);
}

TEST(LoopbackPort, DrawsPortsThatDifferAndTellsWhoHoldsOne) {
    auto ports = free_ports(200);
    ASSERT_EQ(ports.size(), 200U);
    std::ranges::sort(ports);
    EXPECT_EQ(std::ranges::adjacent_find(ports), ports.end());
    std::uint16_t port = 0;
    const int listener = listen_on_loopback(port);
    EXPECT_TRUE(port_held_by(port, ::getpid()));
    EXPECT_FALSE(port_held_by(port, 1));
    EXPECT_FALSE(port_held_by(ports.front(), ::getpid()));
    ::close(listener);
    EXPECT_FALSE(port_held_by(port, ::getpid()));
}

TEST(Brokers, OnlyARegionHasALineToTheHub) {
    const std::string hub = broker_config({1883, 9001, 0, "hub"}, false);
    EXPECT_NE(hub.find("socket_domain ipv4"), std::string::npos);
    EXPECT_EQ(hub.find("connection"), std::string::npos);
    EXPECT_EQ(hub.find("user root"), std::string::npos);
    const std::string region = broker_config({1884, 0, 1885, "eu-west"}, true);
    EXPECT_EQ(region.find("websockets"), std::string::npos);
    EXPECT_NE(region.find("topic flyball/v1/eu-west/+/health out 1\n"), std::string::npos);
    EXPECT_NE(region.find("topic flyball/v1/eu-west/+/+/+/event out 1\n"), std::string::npos);
    EXPECT_EQ(region.find("listener 1884 127.0.0.1\n") == std::string::npos, false);
}

TEST(BrokerFaults, OneThatEndsAgainIsOverWhenThatIs) {
    const Deadline start = deadline_after(Span(0));
    const auto at = [start](int ms) { return start + Span(ms); };
    std::map<std::string, std::uint64_t> sessions{{"eu/a", 1}, {"eu/b", 1}};
    const auto is_back = [&](const NodeName& name, std::uint64_t session) {
        return sessions.at(name.text()) > session;
    };
    BrokerFaults faults;
    EXPECT_TRUE(faults.ends("eu", {{{"eu", "a"}, 1}, {{"eu", "b"}, 1}}, at(0)));
    EXPECT_FALSE(faults.ends("eu", {}, at(20))) << "the same end, seen by somebody else";
    faults.noticed("eu", at(20));
    EXPECT_TRUE(faults.over(is_back, at(25)).empty());
    faults.up("eu");
    EXPECT_TRUE(faults.over(is_back, at(30)).empty()) << "nobody is back";
    sessions["eu/a"] = 2;
    EXPECT_FALSE(faults.ends("eu", {{{"eu", "a"}, 2}}, at(1'000))) << "its fault is not over";
    faults.noticed("eu", at(1'020));
    sessions["eu/b"] = 2;
    EXPECT_TRUE(faults.over(is_back, at(1'030)).empty()) << "it is down";
    faults.up("eu");
    EXPECT_TRUE(faults.over(is_back, at(1'100)).empty()) << "a was back before, and is not now";
    EXPECT_FALSE(faults.empty());
    sessions["eu/a"] = 3;
    const auto over = faults.over(is_back, at(1'500));
    ASSERT_EQ(over.size(), 1U);
    EXPECT_EQ(over[0].node, "eu");
    EXPECT_EQ(over[0].detect, Span(20)) << "of the first end";
    EXPECT_EQ(over[0].detect + over[0].restart, Span(1'500));
    EXPECT_TRUE(faults.empty());
}

TEST(BrokerFaults, AnEndWithoutNewsOfAReturnIsOverAfterItsPatience) {
    const Deadline start = deadline_after(Span(0));
    const auto never = [](const NodeName&, std::uint64_t) { return false; };
    BrokerFaults faults;
    faults.ends("eu", {{{"eu", "a"}, 1}}, start);
    EXPECT_TRUE(faults.over(never, start + 2 * BrokerFaults::patience).empty()) << "it is down";
    faults.up("eu");
    faults.ends("eu", {}, start + 2 * BrokerFaults::patience);
    faults.up("eu");
    EXPECT_TRUE(faults.over(never, start + 3 * BrokerFaults::patience).empty());
    EXPECT_EQ(faults.over(never, start + 3 * BrokerFaults::patience + Span(1)).size(), 1U);
}

TEST(DeviceConfig, NamesEachGovernorBeyondTheBase) {
    const std::string config = device_config(
        {"apac", "device-01"}, "broker = \"tcp://127.0.0.1:1883\"\n", "/state", 30, Span(10'000));
    std::size_t count = 0;
    for (std::size_t at = 0; (at = config.find("[governor.", at)) != std::string::npos; ++at) {
        ++count;
    }
    EXPECT_EQ(count, 25U);
    EXPECT_NE(config.find("[governor.quota.g6]"), std::string::npos);
    EXPECT_EQ(config.find("main"), std::string::npos);
}

TEST(Presence, EndsWithAWillAnOfflineOrASilence) {
    const auto report = [](const char* status, std::uint64_t session) {
        return Json{{"status", status}, {"session", session}};
    };
    using News = Presence::News;
    const Deadline start = deadline_after(Span(0));
    const auto at = [start](int ms) { return start + Span(ms); };
    Presence device(Span(1'000));
    EXPECT_FALSE(device.there(start));
    EXPECT_EQ(device.heard(report("online", 7), true, start), News::new_session);
    EXPECT_TRUE(device.there(at(3'000)));
    EXPECT_FALSE(device.there(at(3'001))) << "it may be stopped, while its process lives";
    EXPECT_EQ(device.heard(report("online", 7), true, at(3'500)), News::none);
    EXPECT_FALSE(device.there(at(3'500))) << "what the broker kept says nothing of now";
    EXPECT_EQ(device.heard(report("degraded", 7), false, at(4'000)), News::still_there);
    EXPECT_TRUE(device.there(at(4'000)));
    EXPECT_EQ(device.heard(report("offline", 6), false, at(4'100)), News::none) << "a late will";
    EXPECT_TRUE(device.there(at(4'100)));
    EXPECT_EQ(device.heard(report("offline", 7), false, at(4'200)), News::went);
    EXPECT_FALSE(device.there(at(4'200)));
    EXPECT_EQ(device.heard(report("online", 6), false, at(4'300)), News::none);
    EXPECT_FALSE(device.there(at(4'300)));
    EXPECT_EQ(device.heard(report("online", 8), false, at(4'400)), News::new_session);
    EXPECT_TRUE(device.there(at(4'400)));
    EXPECT_EQ(device.heard(Json(5), false, at(4'500)), News::none);
}

TEST(FilledNode, EachGovernorGetsAsManyRequestsAsItsRingHolds) {
    for (const TypeCount& type : spread_governors(5)) {
        for (const Filling filling : {Filling::ring, Filling::all}) {
            std::size_t sum = 0;
            std::set<std::string> tenants;
            for (std::size_t batch = 0; batch < 4; ++batch) {
                for (const Json& entry : filling_of(type.type, filling, batch, 4)) {
                    EXPECT_EQ(entry.contains("id"), filling == Filling::all);
                    tenants.insert(entry.at("tenant").get<std::string>());
                    ++sum;
                }
            }
            EXPECT_EQ(sum, ring_events) << type.type;
            EXPECT_EQ(tenants.size(), filling == Filling::all ? 100U : 1U);
        }
    }
}

TEST(Progress, SaysHowManyAreUpInEachRegion) {
    FleetProgress progress{"load", 0.5,  Span(30'000),
                           2,      true, {{"eu-west", 33, 32, 660, 400, 2100}}};
    const auto lines = progress_lines(progress, {});
    ASSERT_EQ(lines.size(), 2U);
    EXPECT_NE(lines[0].find("50 %"), std::string::npos) << lines[0];
    EXPECT_NE(lines[1].find("32/33 up"), std::string::npos) << lines[1];
    FleetProgress settling;
    settling.phase = "settling";
    settling.elapsed = Span(4'000);
    EXPECT_EQ(progress_line(settling), "settling 4 s");
    EXPECT_EQ(progress_line(progress), "load 50 % 30 s; eu-west 32/33 up 660/s p99 2.1 ms");
}

}  // namespace
}  // namespace flyball
