#include "node/certificate_watch.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace flyball {
namespace {

using std::chrono::days;

const Instant built = instant_from_ms(1'700'000'000'000);
const Instant now = built + days(100);
constexpr std::int64_t day_us = 86'400'000'000;

GovernorClock clock_at(Instant at) {
    GovernorClock clock({}, built);
    clock.advance({.wall = at, .monotonic_us = 1});
    return clock;
}

class Told {
public:
    Log& log() { return log_; }
    const std::vector<std::string>& lines() const { return lines_; }

private:
    std::vector<std::string> lines_;
    Log log_{LogLevel::info, [this](LogLevel, const std::string& line) { lines_.push_back(line); }};
};

TEST(CertificateWatch, WarnsFromFourteenDaysBefore) {
    const GovernorClock clock = clock_at(now);
    ASSERT_EQ(clock.status(), ClockStatus::ok);
    EXPECT_FALSE(CertificateWatch::ends_soon({}, clock));
    EXPECT_FALSE(CertificateWatch::ends_soon({.not_after = now + days(14)}, clock));
    EXPECT_TRUE(CertificateWatch::ends_soon({.not_after = now + days(14) - Span(1)}, clock));
    EXPECT_TRUE(CertificateWatch::ends_soon({.not_after = now - days(1)}, clock));
    EXPECT_TRUE(CertificateWatch::ends_soon(
        {.not_after = now + days(90), .ca_not_after = now + days(3)}, clock));
}

TEST(CertificateWatch, ReadsNoDateOffAClockThatWasNeverSet) {
    const GovernorClock clock = clock_at(built - days(1));
    ASSERT_EQ(clock.status(), ClockStatus::unset);
    EXPECT_FALSE(CertificateWatch::ends_soon({.not_after = built - days(300)}, clock));
}

TEST(CertificateWatch, SaysSoOnceADay) {
    const GovernorClock clock = clock_at(now);
    const CertificateEnds ends{.not_after = now + days(2), .ca_not_after = now - days(2)};
    Told told;
    CertificateWatch watch;
    watch.tell({}, clock, 1, told.log());
    EXPECT_TRUE(told.lines().empty());
    for (const std::int64_t at : {std::int64_t{2}, std::int64_t{3}, day_us}) {
        watch.tell(ends, clock, at, told.log());
    }
    ASSERT_EQ(told.lines().size(), 2U);
    EXPECT_NE(told.lines()[0].find("a certificate ends soon"), std::string::npos);
    EXPECT_NE(told.lines()[1].find("a certificate has ended"), std::string::npos);
    watch.tell(ends, clock, day_us + 2, told.log());
    EXPECT_EQ(told.lines().size(), 4U);
}

TEST(ClockHint, BlamesTheClockOnlyForDatesAndOnlyWhenItIsNotToBeTrusted) {
    const std::string early = "mqtts://b: the broker's certificate (b) is not yet valid: it begins";
    EXPECT_EQ(clock_hint(early, ClockStatus::ok), "");
    EXPECT_NE(clock_hint(early, ClockStatus::unset).find("is not set"), std::string::npos);
    EXPECT_NE(clock_hint(early, ClockStatus::behind).find("is behind"), std::string::npos);
    EXPECT_EQ(clock_hint("nothing listens on port 1", ClockStatus::unset), "");
}

TEST(ClockHint, BlamesNoLateClockForACertificateThatHasEnded) {
    const std::string ended = "mqtts://b: the broker's certificate (b) expired on 2026-01-02";
    EXPECT_NE(clock_hint(ended, ClockStatus::suspect), "");
    for (const ClockStatus late : {ClockStatus::ok, ClockStatus::unset, ClockStatus::behind}) {
        EXPECT_EQ(clock_hint(ended, late), "");
    }
}

TEST(ClockHint, IsNotAboutTheBrokersClock) {
    const std::string theirs =
        "mqtts://b: the broker refused our certificate, a.crt: not yet valid by the broker's "
        "clock, too weak, or not for a client";
    EXPECT_EQ(clock_hint(theirs, ClockStatus::unset), "");
}

}  // namespace
}  // namespace flyball
