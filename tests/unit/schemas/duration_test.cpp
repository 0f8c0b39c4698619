#include "schemas/duration.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <array>

namespace flyball {
namespace {

TEST(Duration, ReadsAnIntegerAndOneUnit) {
    EXPECT_EQ(parse_duration("250ms"), (Duration{250, 0}));
    EXPECT_EQ(parse_duration("30s"), (Duration{30'000, 0}));
    EXPECT_EQ(parse_duration("5m"), (Duration{300'000, 0}));
    EXPECT_EQ(parse_duration("12h"), (Duration{43'200'000, 0}));
    EXPECT_EQ(parse_duration("1d"), (Duration{86'400'000, 0}));
    EXPECT_EQ(parse_duration("2w"), (Duration{1'209'600'000, 0}));
    EXPECT_EQ(parse_duration("1mo"), (Duration{0, 1}));
    EXPECT_EQ(parse_duration("0s"), (Duration{0, 0}));
}

TEST(Duration, RefusesWhatIsNoIntegerWithAUnit) {
    for (const char* text : {"", "s", "30", "30 s", " 30s", "30s ", "-1s", "+1s", "1.5h", "1h30m",
                             "1y", "1M", "1S", "0x10s", "1mon", "99999999999999999999s"}) {
        EXPECT_EQ(parse_duration(text), std::nullopt) << text;
    }
}

TEST(Duration, EndsAtAHundredYears) {
    EXPECT_EQ(parse_duration("1200mo"), (Duration{0, 1200}));
    EXPECT_EQ(parse_duration("1201mo"), std::nullopt);
    EXPECT_EQ(parse_duration("36525d"), (Duration{36525LL * 86'400'000, 0}));
    EXPECT_EQ(parse_duration("36526d"), std::nullopt);
    EXPECT_EQ(parse_duration("9223372036854775807w"), std::nullopt);
}

TEST(Duration, IsWrittenInTheShortestForm) {
    EXPECT_EQ(format_duration({0, 0}), "0s");
    EXPECT_EQ(format_duration({1, 0}), "1ms");
    EXPECT_EQ(format_duration({1'000, 0}), "1s");
    EXPECT_EQ(format_duration({60'000, 0}), "1m");
    EXPECT_EQ(format_duration({90'000, 0}), "90s");
    EXPECT_EQ(format_duration({86'400'000, 0}), "1d");
    EXPECT_EQ(format_duration({7LL * 86'400'000, 0}), "7d");
    EXPECT_EQ(format_duration({14LL * 86'400'000, 0}), "2w");
    EXPECT_EQ(format_duration({0, 12}), "12mo");
}

RC_GTEST_PROP(Duration, ParsesBackWhatItWrote, ()) {
    const auto ms = *rc::gen::inRange<std::int64_t>(0, 36525LL * 86'400'000 + 1);
    const auto months = *rc::gen::inRange<std::int32_t>(1, 1201);
    const bool calendar = *rc::gen::arbitrary<bool>();
    const Duration duration = calendar ? Duration{0, months} : Duration{ms, 0};
    RC_ASSERT(parse_duration(format_duration(duration)) == duration);
}

TEST(Size, ReadsBytesAndPowersOfTwo) {
    EXPECT_EQ(parse_size("0"), 0U);
    EXPECT_EQ(parse_size("65536"), 65536U);
    EXPECT_EQ(parse_size("65536B"), 65536U);
    EXPECT_EQ(parse_size("64 KiB"), 65536U);
    EXPECT_EQ(parse_size("64KiB"), 65536U);
    EXPECT_EQ(parse_size("64 KB"), 65536U);
    EXPECT_EQ(parse_size("64 MiB"), 67'108'864U);
    EXPECT_EQ(parse_size("2 GB"), 2'147'483'648U);
}

TEST(Size, RefusesOtherUnitsSpacesAndOverflow) {
    for (const char* text : {"", "KiB", "64  KiB", "64 ", " 64", "-1", "1.5 MiB", "64 kb", "64 TiB",
                             "64K", "18446744073709551616", "9223372036854775807 GiB"}) {
        EXPECT_EQ(parse_size(text), std::nullopt) << text;
    }
}

std::int64_t ms_of(std::string_view text) {
    const auto at = parse_rfc3339(text);
    return at ? to_ms(*at) : std::int64_t{-999};
}

TEST(Rfc3339, ReadsADateWithItsOffset) {
    EXPECT_EQ(ms_of("1970-01-01T00:00:00Z"), 0);
    EXPECT_EQ(ms_of("1970-01-05T00:00:00Z"), 345'600'000);
    EXPECT_EQ(ms_of("2026-11-22T10:00:00+01:00"), 1'795'338'000'000);
    EXPECT_EQ(ms_of("2026-11-22T09:00:00Z"), 1'795'338'000'000);
    EXPECT_EQ(ms_of("2026-11-22t04:30:00-04:30"), 1'795'338'000'000);
    EXPECT_EQ(ms_of("1969-12-31T23:59:59.5z"), -500);
    EXPECT_EQ(ms_of("1970-01-01T00:00:00.1239999Z"), 123);
    EXPECT_EQ(ms_of("2024-02-29T00:00:00Z"), 1'709'164'800'000);
}

TEST(Rfc3339, TakesALeapSecondOnlyAtTheEndOfADayOfUtc) {
    EXPECT_EQ(ms_of("1990-12-31T23:59:60Z"), ms_of("1991-01-01T00:00:00Z"));
    EXPECT_EQ(ms_of("1990-12-31T15:59:60-08:00"), ms_of("1991-01-01T00:00:00Z"));
    EXPECT_EQ(parse_rfc3339("1990-12-31T12:00:60Z"), std::nullopt);
}

TEST(Rfc3339, RefusesWhatIsNotADate) {
    for (const char* text : {"",
                             "2026-11-22",
                             "2026-11-22T10:00:00",
                             "2026-11-22T10:00Z",
                             "2026-11-22 10:00:00Z",
                             "2026-02-29T00:00:00Z",
                             "2026-13-01T00:00:00Z",
                             "2026-00-01T00:00:00Z",
                             "2026-01-00T00:00:00Z",
                             "2026-01-32T00:00:00Z",
                             "2026-01-01T24:00:00Z",
                             "2026-01-01T00:60:00Z",
                             "2026-01-01T00:00:61Z",
                             "2026-01-01T00:00:00.Z",
                             "2026-01-01T00:00:00+24:00",
                             "2026-01-01T00:00:00+01:60",
                             "2026-01-01T00:00:00+0100",
                             "2026-01-01T00:00:00Zx",
                             "26-01-01T00:00:00Z",
                             "+026-01-01T00:00:00Z"}) {
        EXPECT_EQ(parse_rfc3339(text), std::nullopt) << text;
    }
}

std::int64_t moved(std::string_view anchor, std::int64_t months) {
    return to_ms(add_months(parse_rfc3339(anchor).value(), months));
}

TEST(AddMonths, ClampsTheDayToTheMonthsEnd) {
    EXPECT_EQ(moved("2026-01-31T10:00:00Z", 1), ms_of("2026-02-28T10:00:00Z"));
    EXPECT_EQ(moved("2024-01-31T10:00:00Z", 1), ms_of("2024-02-29T10:00:00Z"));
    EXPECT_EQ(moved("2026-01-31T10:00:00Z", 2), ms_of("2026-03-31T10:00:00Z"));
    EXPECT_EQ(moved("2026-03-31T00:00:00Z", 1), ms_of("2026-04-30T00:00:00Z"));
    EXPECT_EQ(moved("2024-02-29T00:00:00Z", 12), ms_of("2025-02-28T00:00:00Z"));
    EXPECT_EQ(moved("2024-02-29T00:00:00Z", 48), ms_of("2028-02-29T00:00:00Z"));
}

TEST(AddMonths, KnowsTheCenturiesThatAreNoLeapYears) {
    EXPECT_EQ(moved("2000-01-31T00:00:00Z", 1), ms_of("2000-02-29T00:00:00Z"));
    EXPECT_EQ(moved("2100-01-31T00:00:00Z", 1), ms_of("2100-02-28T00:00:00Z"));
}

TEST(AddMonths, GoesBackAndBeforeTheEpoch) {
    EXPECT_EQ(moved("2026-03-31T00:00:00Z", -1), ms_of("2026-02-28T00:00:00Z"));
    EXPECT_EQ(moved("1970-01-01T00:00:00Z", -1), ms_of("1969-12-01T00:00:00Z"));
    EXPECT_EQ(moved("1969-12-31T23:59:59.999Z", 2), ms_of("1970-02-28T23:59:59.999Z"));
    EXPECT_EQ(moved("2026-01-15T00:00:00Z", 0), ms_of("2026-01-15T00:00:00Z"));
}

TEST(AddMonths, StaysWithinInstantsHoweverManyMonths) {
    const Instant anchor = parse_rfc3339("2026-01-31T10:00:00Z").value();
    EXPECT_GT(add_months(anchor, INT64_MAX), anchor);
    EXPECT_LT(add_months(anchor, INT64_MIN), anchor);
    EXPECT_GT(add_months(Instant::max(), INT64_MAX), anchor);
    EXPECT_LT(add_months(Instant::min(), INT64_MIN), anchor);
}

// The naive reference: walks day by day from the epoch, knowing only how long each month is.
struct Date {
    int year = 1970;
    int month = 1;
    int day = 1;
};

int days_in(int year, int month) {
    constexpr std::array<int, 12> days = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : days[static_cast<std::size_t>(month - 1)];
}

Date walk_to(std::int64_t day_number) {
    Date date;
    for (; day_number > 0; --day_number) {
        if (++date.day > days_in(date.year, date.month)) {
            date.day = 1;
            date.month = date.month % 12 + 1;
            date.year += date.month == 1 ? 1 : 0;
        }
    }
    return date;
}

std::int64_t day_number_of(const Date& date) {
    std::int64_t days = date.day - 1;
    for (int year = 1970; year < date.year; ++year) {
        for (int month = 1; month <= 12; ++month) {
            days += days_in(year, month);
        }
    }
    for (int month = 1; month < date.month; ++month) {
        days += days_in(date.year, month);
    }
    return days;
}

RC_GTEST_PROP(AddMonths, AgreesWithWalkingDayByDay, ()) {
    const auto day = *rc::gen::inRange<std::int64_t>(0, 200 * 366);
    const auto ms_of_day = *rc::gen::inRange<std::int64_t>(0, 86'400'000);
    const int months = *rc::gen::inRange(0, 2400);
    Date expected = walk_to(day);
    for (int i = 0; i < months; ++i) {
        expected.month = expected.month % 12 + 1;
        expected.year += expected.month == 1 ? 1 : 0;
    }
    expected.day = std::min(expected.day, days_in(expected.year, expected.month));
    const Instant got = add_months(instant_from_ms(day * 86'400'000 + ms_of_day), months);
    RC_ASSERT(to_ms(got) == day_number_of(expected) * 86'400'000 + ms_of_day);
}

RC_GTEST_PROP(AddMonths, NeverGoesBackWhenMonthsGrow, ()) {
    const Instant anchor =
        instant_from_ms(*rc::gen::inRange<std::int64_t>(-4'000'000'000'000, 4'000'000'000'000));
    const auto months = *rc::gen::inRange<std::int64_t>(-50'000, 50'000);
    RC_ASSERT(add_months(anchor, months) < add_months(anchor, months + 1));
}

}  // namespace
}  // namespace flyball
