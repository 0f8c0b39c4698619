// The load and `flyball bench` against a real node over a real broker: what they count is what the
// node counts, also across its death.

#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>

#include "fleet/load/workload.h"
#include "tests/build_tree.h"
#include "tests/e2e/broker.h"
#include "tests/e2e/node_process.h"
#include "tests/unit/fleet/program.h"

namespace flyball::testing {
namespace {

using namespace std::chrono_literals;

class FleetBench : public ::testing::Test {
protected:
    struct Ran {
        int status;
        std::string out;
        std::string err;
    };
    Ran bench(std::vector<std::string> more) {
        std::vector<std::string> arguments{tool_program(), "bench", "test/node"};
        arguments.insert(arguments.end(), more.begin(), more.end());
        Program program(arguments, {"FLYBALL_MQTT_BROKER=" + broker.address()}, "");
        const int status = program.wait();
        return {status, program.out(), program.err()};
    }
    std::string violations() const {
        std::string all;
        for (const std::string& violation : checker.violations()) {
            all += violation + "\n";
        }
        return all;
    }
    std::uint64_t checks(const std::string& name) const {
        for (const auto& line : checker.lines()) {
            if (line.name.starts_with(name)) {
                return line.checks;
            }
        }
        return 0;
    }

    Broker broker;
    NodeProcess node{{.broker = broker.address(), .config = {}, .flags = {}}};
    checker::FleetChecker checker;
};

TEST_F(FleetBench, EveryRequestIsAnsweredAndHeldToTheContract) {
    Workload load({{"test", "node", broker.address()}}, {}, &checker);
    const auto open = load.open(deadline_after(20s));
    ASSERT_TRUE(open) << open.error().message;
    const auto began = std::chrono::steady_clock::now();
    const LoadFigures figures = load.run({.per_second = 500}, 3s);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
    EXPECT_GE(figures.all().asked, 1'450U);
    EXPECT_LE(static_cast<double>(figures.all().asked), 500 * took.count() + 1);
    EXPECT_EQ(figures.all().answered, figures.all().asked);
    EXPECT_EQ(figures.all().errors, 0U);
    EXPECT_GT(figures.all().denied, 0U);
    EXPECT_NEAR(static_cast<double>(figures.regions.front().seconds.size()), 3, 1);
    const auto lock = load.lock();
    EXPECT_EQ(violations(), "");
    for (const char* invariant : {"I1 ", "I2 ", "I3 ", "I7 ", "I9 ", "I11", "I12", "bans"}) {
        EXPECT_GT(checks(invariant), 0U) << invariant;
    }
}

TEST_F(FleetBench, AcrossAKillNothingIsDoneTwice) {
    Workload load({{"test", "node", broker.address()}}, {}, &checker);
    const auto open = load.open(deadline_after(20s));
    ASSERT_TRUE(open) << open.error().message;
    load.start({.per_second = 500});
    for (int death = 0; death < 2; ++death) {
        const auto before = load.live().regions.front().all.answered;
        const auto deadline = deadline_after(20s);
        while (load.live().regions.front().all.answered < before + 1'000) {
            ASSERT_GT(left_until(deadline), Span::zero()) << "no answers";
        }
        load.fault_begins("test/node", true);
        node.kill();
        node.start();
        load.fault_ended("test/node");
    }
    const LoadFigures figures = load.stop(Span(20'000));
    EXPECT_GT(figures.retries_answered, 0U);
    EXPECT_EQ(figures.calm().unanswered, 0U);
    const auto lock = load.lock();
    EXPECT_EQ(violations(), "");
}

TEST_F(FleetBench, TheVerbShowsEachStepAndAHistogram) {
    const Ran ran = bench({"--steps", "100,400", "--for", "1s"});
    EXPECT_EQ(ran.status, 0) << ran.err;
    EXPECT_TRUE(ran.out.starts_with("RATE")) << ran.out;
    EXPECT_NE(ran.out.find("\n100   "), std::string::npos) << ran.out;
    EXPECT_NE(ran.out.find("400/s, "), std::string::npos) << ran.out;
    EXPECT_NE(ran.out.find("100.0000 %"), std::string::npos) << ran.out;
}

TEST_F(FleetBench, TheVerbsDocumentHasTheBuckets) {
    const Ran ran = bench({"--max", "--batch", "16", "--for", "500ms", "--json"});
    EXPECT_EQ(ran.status, 0) << ran.err;
    const auto document = parse_json(ran.out);
    ASSERT_TRUE(document && document->contains("steps")) << ran.out;
    const Json& step = (*document)["steps"].at(0);
    EXPECT_EQ(step["batch"], 16);
    EXPECT_EQ(step["all"]["answered"], step["all"]["asked"]);
    EXPECT_EQ(step["all"]["errors"], 0) << step["error_reasons"];
    std::uint64_t sum = 0;
    for (const Json& bucket : step["latency_us"]["buckets"]) {
        sum += bucket["count"].get<std::uint64_t>();
    }
    EXPECT_EQ(sum * 16, step["all"]["answered"].get<std::uint64_t>());
}

TEST_F(FleetBench, TheVerbTellsWhoIsNotThereAndWhatMakesNoSense) {
    const Ran silent = bench({"--for", "1s", "--timeout", "2s", "--prefix", "flyball/v2"});
    EXPECT_EQ(silent.status, 69) << silent.err;
    EXPECT_EQ(bench({"--mix", "1:2:3"}).status, 64);
    EXPECT_EQ(bench({"--rate", "0"}).status, 64);
    EXPECT_EQ(bench({"--steps", "100,fast"}).status, 64);
    EXPECT_EQ(bench({"--max", "--rate", "5"}).status, 64);
    node.kill();
    const Ran dead = bench({"--for", "1s", "--timeout", "2s"});
    EXPECT_EQ(dead.status, 69);
    EXPECT_NE(dead.err.find("have not opened"), std::string::npos) << dead.err;
}

TEST_F(FleetBench, CtrlCEndsTheVerbWithWhatItHas) {
    Program program({tool_program(), "bench", "test/node", "--for", "60s", "--rate", "200"},
                    {"FLYBALL_MQTT_BROKER=" + broker.address()}, "");
    EXPECT_EQ(program.wait(2s), -1) << program.err();
    program.signal(SIGINT);
    EXPECT_EQ(program.wait(), 0) << program.err();
    EXPECT_TRUE(program.out().starts_with("RATE")) << program.out();
}

}  // namespace
}  // namespace flyball::testing
