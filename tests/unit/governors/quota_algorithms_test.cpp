// The four algorithms as docs/protocol.md describes them, in worked numbers.

#include <gtest/gtest.h>

#include <limits>

#include "governors/quota_meter.h"
#include "tests/unit/governors/quota_desk.h"

namespace flyball {
namespace {

constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t day_ms = 86'400'000;

std::string hits(std::int64_t count) {
    return R"({"hits":)" + std::to_string(count) + "}";
}

std::string keys(std::int64_t limit, std::int64_t used, std::int64_t reset_ms) {
    return R"({"resource":"api_calls","limit":)" + std::to_string(limit) + R"(,"used":)" +
           std::to_string(used) + R"(,"remaining":)" + std::to_string(limit - used) +
           R"(,"reset_ms":)" + std::to_string(reset_ms) + "}";
}

std::int64_t ms_of(const char* date) {
    return to_ms(*parse_rfc3339(date));
}

TEST(FixedQuota, CountsWithinAWindowAndBeginsAnewAtItsEnd) {
    QuotaDesk desk({{"api_calls", rule("fixed", 10, "1m")}});
    EXPECT_EQ(desk.ask(60'000, hits(7)).keys, keys(10, 7, 60'000));
    EXPECT_EQ(desk.ask(90'000, hits(3)).keys, keys(10, 10, 30'000));
    const QuotaAnswer denied = desk.ask(119'999, hits(1));
    EXPECT_EQ(denied.verdict, Verdict::deny);
    EXPECT_EQ(denied.reason, Reason::quota_exceeded);
    EXPECT_EQ(denied.retry_after_ms, 1);
    EXPECT_EQ(denied.state, "exceeded");
    EXPECT_EQ(desk.ask(120'000, hits(1)).keys, keys(10, 1, 60'000));
}

TEST(FixedQuota, IsUnusedInAWindowThatNobodyAskedIn) {
    QuotaDesk desk({{"api_calls", rule("fixed", 10, "1m")}});
    desk.ask(0, hits(7));
    EXPECT_EQ(desk.ask(60'000, hits(0)).keys, keys(10, 0, 0));
    EXPECT_TRUE(desk.quota.at_defaults(0, instant_from_ms(60'000)));
    EXPECT_FALSE(desk.quota.at_defaults(0, instant_from_ms(59'999)));
}

TEST(FixedQuota, BeginsWeeksOnAMondayUnlessAnchored) {
    QuotaDesk desk({{"api_calls", rule("fixed", 10, "1w")}});
    const std::int64_t sunday = ms_of("2026-11-22T23:59:59Z");
    EXPECT_EQ(desk.ask(sunday, hits(1)).keys, keys(10, 1, 1000));
}

TEST(FixedQuota, BeginsDaysAtItsAnchor) {
    Tree daily = rule("fixed", 10, "1d");
    (*daily.map())["anchor"] = "2026-01-01T00:00:00+01:00";
    QuotaDesk desk({{"api_calls", daily}});
    EXPECT_EQ(desk.ask(ms_of("2026-11-22T22:00:00Z"), hits(1)).keys, keys(10, 1, 3'600'000));
    EXPECT_EQ(desk.ask(ms_of("2025-11-22T22:00:00Z"), hits(1), 1).keys, keys(10, 1, 3'600'000));
}

TEST(FixedQuota, CountsCalendarMonthsFromAnAnchorOnThe31st) {
    Tree monthly = rule("fixed", 10, "1mo");
    (*monthly.map())["anchor"] = "2026-01-31T00:00:00Z";
    QuotaDesk desk({{"api_calls", monthly}});
    // 31 January to 28 February, then to 31 March, not to the 28th.
    EXPECT_EQ(desk.ask(ms_of("2026-01-31T00:00:00Z"), hits(1)).keys, keys(10, 1, 28 * day_ms));
    EXPECT_EQ(desk.ask(ms_of("2026-02-28T00:00:00Z"), hits(1)).keys, keys(10, 1, 31 * day_ms));
    EXPECT_EQ(desk.ask(ms_of("2026-03-30T23:59:59Z"), hits(1)).keys, keys(10, 2, 1000));
    EXPECT_EQ(desk.ask(ms_of("2026-03-31T00:00:00Z"), hits(1)).keys, keys(10, 1, 30 * day_ms));
}

TEST(FixedQuota, CountsAMonthAsTheDaysItHas) {
    QuotaDesk desk({{"api_calls", rule("fixed", 10, "1mo")}});
    EXPECT_EQ(desk.ask(ms_of("2026-01-01T00:00:00Z"), hits(1)).keys, keys(10, 1, 31 * day_ms));
    EXPECT_EQ(desk.ask(ms_of("2028-02-01T00:00:00Z"), hits(1)).keys, keys(10, 1, 29 * day_ms));
}

TEST(FixedQuota, KeepsWhatWasUsedWhenTimeIsTakenBack) {
    QuotaDesk desk({{"api_calls", rule("fixed", 10, "1m")}});
    desk.ask(600'000, hits(10));
    EXPECT_EQ(desk.ask(0, hits(1)).keys, keys(10, 10, 60'000));
    EXPECT_EQ(desk.ask(60'000, hits(0)).keys, keys(10, 10, 60'000));
    desk.ask(0, R"({"op":"refund","hits":1})");
    EXPECT_EQ(desk.ask(60'000, hits(0)).keys, keys(10, 0, 0));
}

TEST(SlidingQuota, WeighsThePreviousWindow) {
    QuotaDesk desk({{"api_calls", rule("sliding", 100, "60s")}});
    desk.ask(0, hits(80));
    desk.ask(60'000, hits(20));
    desk.ask(75'000, hits(10));
    const QuotaAnswer eleven = desk.ask(75'000, hits(11));
    EXPECT_EQ(eleven.reason, Reason::quota_exceeded);
    EXPECT_EQ(eleven.retry_after_ms, 750);
    EXPECT_EQ(desk.ask(75'000, hits(10)).verdict, Verdict::allow);
}

TEST(SlidingQuota, IsUnusedAfterTheNextWindow) {
    QuotaDesk desk({{"api_calls", rule("sliding", 100, "60s")}});
    EXPECT_EQ(desk.ask(15'000, hits(30)).keys, keys(100, 30, 105'000));
    EXPECT_EQ(desk.ask(60'000, hits(0)).keys, keys(100, 30, 60'000));
    EXPECT_EQ(desk.ask(119'999, hits(0)).keys, keys(100, 1, 1));
    EXPECT_EQ(desk.ask(120'000, hits(0)).keys, keys(100, 0, 0));
}

TEST(SlidingQuota, WaitsForTheNextWindowWhenThisOneIsFull) {
    QuotaDesk desk({{"api_calls", rule("sliding", 10, "1s")}});
    desk.ask(0, hits(10));
    EXPECT_EQ(desk.ask(400, hits(1)).retry_after_ms, 700);    // at 1100 a tenth has faded
    EXPECT_EQ(desk.ask(400, hits(10)).retry_after_ms, 1600);  // at 2000 all of it
    EXPECT_EQ(desk.ask(1099, hits(1)).verdict, Verdict::deny);
    EXPECT_EQ(desk.ask(1100, hits(1)).verdict, Verdict::allow);
}

struct BucketStep {
    std::int64_t ms;
    std::int64_t asked;
    bool allow;
    std::int64_t remaining;
    std::optional<std::int64_t> retry_ms;
    std::int64_t reset_ms;
};

TEST(BucketQuota, FollowsTheWorkedExample) {
    QuotaDesk desk({{"api_calls", bucket(3, "1s", 3)}});
    const std::vector<BucketStep> steps = {
        {0, 3, true, 0, {}, 1000},    {0, 1, false, 0, 334, 1000},   {100, 1, false, 0, 234, 900},
        {334, 1, true, 0, {}, 1000},  {667, 0, true, 1, {}, 667},    {667, 3, false, 1, 667, 667},
        {1334, 3, true, 0, {}, 1000}, {1334, 4, false, 0, {}, 1000},
    };
    for (const BucketStep& step : steps) {
        const QuotaAnswer answer = desk.ask(step.ms, hits(step.asked));
        EXPECT_EQ(answer.verdict, step.allow ? Verdict::allow : Verdict::deny) << step.ms;
        EXPECT_EQ(answer.keys, keys(3, 3 - step.remaining, step.reset_ms)) << step.ms;
        EXPECT_EQ(answer.retry_after_ms, step.retry_ms) << step.ms;
    }
    EXPECT_EQ(desk.ask(1334, hits(4)).reason, Reason::exceeds_limit);
}

TEST(BucketQuota, LetsABurstOf16PassAt30AMinute) {
    QuotaDesk desk({{"api_calls", bucket(30, "60s", 16)}});
    EXPECT_EQ(desk.ask(0, hits(1)).keys, keys(16, 1, 2000));
}

TEST(BucketQuota, LosesNoFractionOfAMillisecondInTheLongRun) {
    // 1,000,003 a minute: a spacing cut to nanoseconds would drift by 0.8 ms a minute.
    QuotaDesk desk({{"api_calls", rule("bucket", 1'000'003, "1m")}});
    desk.ask(0, hits(1'000'003));
    std::int64_t granted = 0;
    for (std::int64_t ms = 70; ms <= 60'000 * 7; ms += 70) {
        granted += desk.ask(ms, R"({"hits":1000003,"partial":true})").granted.value_or(0);
    }
    EXPECT_EQ(granted, 1'000'003 * 7);
}

TEST(BucketQuota, HoldsTheLargestLimitAndWindow) {
    QuotaDesk desk({{"api_calls", rule("bucket", most, "36500d")}});
    EXPECT_EQ(desk.ask(0, hits(most)).keys, keys(most, most, 36'500 * day_ms));
    EXPECT_EQ(desk.ask(36'500 * day_ms, hits(0)).keys, keys(most, 0, 0));
    QuotaDesk slow({{"api_calls", bucket(1, "36500d", most)}});
    slow.ask(0, hits(most));
    EXPECT_EQ(slow.ask(0, hits(most)).retry_after_ms, most);
}

TEST(BucketQuota, NeverRefillsAtALimitOfZero) {
    QuotaDesk desk({{"api_calls", bucket(0, "1s", 2)}});
    EXPECT_EQ(desk.ask(0, hits(2)).keys,
              R"({"resource":"api_calls","limit":2,"used":2,"remaining":0})");
    const QuotaAnswer denied = desk.ask(1'000'000, hits(1));
    EXPECT_EQ(denied.reason, Reason::quota_exceeded);
    EXPECT_EQ(denied.retry_after_ms, std::nullopt);
}

TEST(SlidingQuota, HoldsTheLargestLimitAndWindow) {
    QuotaDesk desk({{"api_calls", rule("sliding", most, "36500d")}});
    desk.ask(0, hits(most));
    EXPECT_EQ(desk.ask(0, hits(most)).retry_after_ms, 2 * 36'500 * day_ms);
}

TEST(GaugeQuota, RisesByHitsAndFallsByRelease) {
    QuotaDesk desk;
    EXPECT_EQ(desk.ask(0, R"({"resource":"storage_mb","hits":400})").keys,
              R"({"resource":"storage_mb","limit":500,"used":400,"remaining":100})");
    const QuotaAnswer denied = desk.ask(0, R"({"resource":"storage_mb","hits":101})");
    EXPECT_EQ(denied.reason, Reason::quota_exceeded);
    EXPECT_EQ(denied.retry_after_ms, std::nullopt);
    EXPECT_EQ(desk.ask(0, R"({"op":"release","resource":"storage_mb","hits":1000})").keys,
              R"({"resource":"storage_mb","limit":500,"used":0,"remaining":500})");
}

TEST(GaugeQuota, IsSetAlsoAboveItsLimit) {
    QuotaDesk desk;
    const QuotaAnswer set = desk.ask(0, R"({"op":"set","resource":"storage_mb","value":700})");
    EXPECT_EQ(set.verdict, Verdict::ok);
    EXPECT_EQ(set.state, "exceeded");
    EXPECT_EQ(set.keys, R"({"resource":"storage_mb","limit":500,"used":700,"remaining":0})");
}

}  // namespace
}  // namespace flyball
