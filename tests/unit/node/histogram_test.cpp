#include "node/histogram.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <memory>
#include <vector>

namespace flyball {
namespace {

constexpr std::int64_t minute_us = 60'000'000;

TEST(Histogram, IsAboutTenKilobytes) {
    EXPECT_LT(sizeof(Histogram), 10'500U);
}

TEST(Histogram, HasASlotForEveryValueUpToAMinute) {
    EXPECT_LT(Histogram::slot_of(Histogram::us_max), Histogram::slots);
    EXPECT_EQ(Histogram::slot_of(INT64_MAX), Histogram::slot_of(Histogram::us_max));
    EXPECT_EQ(Histogram::slot_of(-5), 0U);
}

RC_GTEST_PROP(Histogram, KeepsTwoSignificantDigits, ()) {
    const auto us = *rc::gen::inRange<std::int64_t>(0, Histogram::us_max + 1);
    const std::int64_t highest = Histogram::highest_in(Histogram::slot_of(us));
    RC_ASSERT(highest >= us);
    RC_ASSERT((highest - us) * 128 <= us);
}

RC_GTEST_PROP(Histogram, KeepsValuesInOrder, ()) {
    const auto a = *rc::gen::inRange<std::int64_t>(0, Histogram::us_max);
    RC_ASSERT(Histogram::slot_of(a) <= Histogram::slot_of(a + 1));
    RC_ASSERT(Histogram::slot_of(a + 1) - Histogram::slot_of(a) <= 1U);
}

struct LatencyTest : testing::Test {
    std::unique_ptr<Latency> latency = std::make_unique<Latency>();
};

TEST_F(LatencyTest, IsZeroWhenNothingWasAsked) {
    const auto recent = latency->recent(0);
    EXPECT_EQ(recent.p50, 0);
    EXPECT_EQ(recent.p999, 0);
    EXPECT_EQ(recent.max, 0);
    EXPECT_EQ(latency->totals().back(), 0U);
}

TEST_F(LatencyTest, GivesPercentilesByRank) {
    for (std::int64_t us = 1; us <= 1'000; ++us) {
        latency->record(us, 0);
    }
    const auto recent = latency->recent(0);
    EXPECT_NEAR(static_cast<double>(recent.p50), 500, 4);
    EXPECT_NEAR(static_cast<double>(recent.p99), 990, 8);
    EXPECT_NEAR(static_cast<double>(recent.p999), 999, 8);
    EXPECT_EQ(recent.max, 1'000);
}

TEST_F(LatencyTest, GivesTheOneValueForEveryPercentile) {
    latency->record(12'345, 0);
    const auto recent = latency->recent(0);
    EXPECT_EQ(recent.p50, 12'345);
    EXPECT_EQ(recent.p99, 12'345);
    EXPECT_EQ(recent.p999, 12'345);
}

TEST_F(LatencyTest, ForgetsWhatIsOlderThanTwoMinutes) {
    latency->record(7, 0);
    latency->record(9, minute_us);
    EXPECT_EQ(latency->recent(minute_us).p50, 7);
    EXPECT_EQ(latency->recent(2 * minute_us).p50, 9);
    EXPECT_EQ(latency->recent(3 * minute_us).max, 0);
}

TEST_F(LatencyTest, ForgetsBothMinutesAfterALongSilence) {
    latency->record(7, minute_us - 1);
    latency->record(9, minute_us);
    EXPECT_EQ(latency->recent(10 * minute_us).max, 0);
}

TEST_F(LatencyTest, KeepsTotalsForGood) {
    for (const std::int64_t us : {50, 51, 100, 250'000, 250'001}) {
        latency->record(us, 0);
    }
    latency->recent(100 * minute_us);
    EXPECT_EQ(latency->totals(), (Latency::Totals{1, 3, 3, 3, 3, 3, 3, 3, 3, 4, 5}));
    EXPECT_EQ(latency->sum_us(), 50U + 51 + 100 + 250'000 + 250'001);
}

RC_GTEST_PROP(LatencyProperty, AgreesWithSortingWithinTwoDigits, ()) {
    auto values = *rc::gen::nonEmpty(rc::gen::container<std::vector<std::int64_t>>(
        rc::gen::inRange<std::int64_t>(0, Histogram::us_max)));
    const auto latency = std::make_unique<Latency>();
    for (const std::int64_t us : values) {
        latency->record(us, 0);
    }
    std::sort(values.begin(), values.end());
    const auto exact = [&](std::size_t per_mille) {
        return values[(values.size() * per_mille + 999) / 1'000 - 1];
    };
    const auto close = [](std::int64_t got, std::int64_t want) {
        return got >= want && (got - want) * 128 <= want;
    };
    const auto recent = latency->recent(0);
    RC_ASSERT(close(recent.p50, exact(500)));
    RC_ASSERT(close(recent.p99, exact(990)));
    RC_ASSERT(close(recent.p999, exact(999)));
    RC_ASSERT(recent.max == values.back());
}

}  // namespace
}  // namespace flyball
