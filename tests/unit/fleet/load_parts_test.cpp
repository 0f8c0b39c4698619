// What the load is made of: the mix of requests, histograms, fault windows.

#include <gtest/gtest.h>

#include <map>

#include "fleet/load/fault_windows.h"
#include "fleet/load/histogram.h"
#include "fleet/load/mix.h"

namespace flyball {
namespace {

constexpr std::int64_t second = 1'000'000;

TEST(Mix, HoldsToItsShares) {
    Mix mix({.governors = {}, .mix = {}, .tenant_stem = "t-"});
    std::map<std::string, int> drawn;
    for (int i = 0; i < 10'000; ++i) {
        const Drawn one = mix.draw();
        ++drawn[one.governor->substr(0, one.governor->find('/'))];
        EXPECT_TRUE(one.request.contains("tenant"));
    }
    EXPECT_NEAR(drawn["entitlement"], 4'000, 200);
    EXPECT_NEAR(drawn["billing"], 3'000, 200);
    EXPECT_NEAR(drawn["quota"], 2'000, 200);
    EXPECT_NEAR(drawn["compliance"] + drawn["subscription"], 1'000, 150);
}

TEST(LoadHistogram, TellsPercentilesToThreePercent) {
    LoadHistogram histogram;
    for (std::int64_t us = 1; us <= 100'000; ++us) {
        histogram.record(us);
    }
    for (const double fraction : {0.01, 0.5, 0.9, 0.99, 0.999}) {
        const double exact = fraction * 100'000;
        EXPECT_GE(static_cast<double>(histogram.percentile(fraction)), exact);
        EXPECT_LE(static_cast<double>(histogram.percentile(fraction)), exact * 1.035);
    }
    EXPECT_EQ(histogram.percentile(1), 100'000);
    EXPECT_EQ(histogram.max_us(), 100'000);
    std::uint64_t sum = 0;
    for (const auto& bucket : histogram.buckets()) {
        sum += bucket.count;
    }
    EXPECT_EQ(sum, 100'000U);
    histogram.record(std::int64_t{1} << 50);  // beyond its range
    histogram.record(-5);
    EXPECT_EQ(histogram.count(), 100'002U);
    EXPECT_EQ(LoadHistogram().percentile(0.99), 0);
}

TEST(FaultWindows, TouchWhatWasUnderWay) {
    FaultWindows windows;
    windows.begin("eu", 10 * second);
    EXPECT_FALSE(windows.touches("eu", "a", 7 * second, 9 * second));
    EXPECT_TRUE(windows.touches("eu", "a", 9 * second, 11 * second));
    EXPECT_FALSE(windows.touches("us", "a", 9 * second, 11 * second));
    windows.end("eu", 12 * second);
    EXPECT_TRUE(windows.touches("eu", "a", 13 * second, 15 * second)) << "it settles";
    EXPECT_FALSE(windows.touches("eu", "a", 15 * second, 16 * second));
}

}  // namespace
}  // namespace flyball
