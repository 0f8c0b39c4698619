#include "node/governor_clock.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace flyball {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::seconds;

constexpr Instant built = instant_from_ms(1'700'000'000'000);
constexpr Instant today = built + days{100};

bool yes() noexcept {
    return true;
}
bool no() noexcept {
    return false;
}

// A machine with a wall clock that can be set and a monotonic one that cannot.
class Machine {
public:
    explicit Machine(Instant wall) : wall_(wall) {}
    void pass(Span span) {
        wall_ += span;
        monotonic_us_ += span.count() * 1'000;
    }
    void set(Instant wall) { wall_ = wall; }
    void synchronise() { synchronised_ = true; }
    Instant wall() const { return wall_; }
    ClockSample sample() const {
        return {
            .wall = wall_, .monotonic_us = monotonic_us_, .synchronised = synchronised_ ? yes : no};
    }

private:
    Instant wall_;
    std::int64_t monotonic_us_ = 5'000'000;
    bool synchronised_ = false;
};

struct GovernorTime : testing::Test {
    Machine machine{today};
    GovernorClock clock{ClockSettings{}, built};

    Instant after(Span span) {
        machine.pass(span);
        return clock.advance(machine.sample());
    }
    Instant jump_to(Instant wall) {
        machine.set(wall);
        return clock.advance(machine.sample());
    }
};

TEST_F(GovernorTime, IsTheClockWhenTheClockIsSane) {
    EXPECT_EQ(after(Span{0}), today);
    EXPECT_EQ(after(seconds{5}), today + seconds{5});
    EXPECT_EQ(clock.status(), ClockStatus::ok);
    EXPECT_EQ(clock.offset(), Span{0});
}

TEST_F(GovernorTime, BelievesAnyClockAfterTheBuildDateWhenThereIsNoLastTime) {
    EXPECT_EQ(jump_to(built), built);
    EXPECT_EQ(clock.status(), ClockStatus::ok);
    GovernorClock other(ClockSettings{}, built);
    machine.set(built + days{20'000});
    EXPECT_EQ(other.advance(machine.sample()), built + days{20'000});
    EXPECT_EQ(other.status(), ClockStatus::ok);
}

TEST_F(GovernorTime, BelievesAForwardJumpOfJumpMax) {
    after(Span{0});
    EXPECT_EQ(jump_to(today + days{7}), today + days{7});
    EXPECT_EQ(clock.status(), ClockStatus::ok);
}

TEST_F(GovernorTime, CountsTheMonotonicTimeThatIsGoneBeforeItCallsAJumpAJump) {
    after(Span{0});
    machine.pass(hours{1});
    EXPECT_EQ(jump_to(today + days{7} + hours{1}), today + days{7} + hours{1});
    EXPECT_EQ(clock.status(), ClockStatus::ok);
}

TEST_F(GovernorTime, RunsOnTheMonotonicClockWhileALongerJumpIsSuspect) {
    after(Span{0});
    EXPECT_EQ(jump_to(today + days{7} + Span{1}), today);
    EXPECT_EQ(clock.status(), ClockStatus::suspect);
    EXPECT_EQ(after(seconds{10}), today + seconds{10});
    EXPECT_EQ(clock.status(), ClockStatus::suspect);
    EXPECT_EQ(clock.offset(), -(days{7} + Span{1}));
}

TEST_F(GovernorTime, BelievesASuspectClockOnceTheKernelCallsItSynchronised) {
    after(Span{0});
    jump_to(today + days{30});
    machine.synchronise();
    EXPECT_EQ(after(seconds{2}), today + days{30} + seconds{2});
    EXPECT_EQ(clock.status(), ClockStatus::ok);
}

TEST_F(GovernorTime, BelievesASynchronisedJumpAtOnce) {
    after(Span{0});
    machine.synchronise();
    EXPECT_EQ(jump_to(today + days{30}), today + days{30});
}

TEST_F(GovernorTime, BelievesEveryForwardJumpWhenTheSystemIsTrusted) {
    clock = GovernorClock({.trust = ClockTrust::system}, built);
    after(Span{0});
    EXPECT_EQ(jump_to(today + days{30}), today + days{30});
    EXPECT_EQ(clock.status(), ClockStatus::ok);
}

TEST_F(GovernorTime, BelievesASuspectClockThatIsSetBack) {
    after(Span{0});
    jump_to(today + days{30});
    EXPECT_EQ(jump_to(today + seconds{3}), today + seconds{3});
    EXPECT_EQ(clock.status(), ClockStatus::ok);
}

TEST_F(GovernorTime, GoesOnAtHalfSpeedUntilAClockBehindMeetsIt) {
    after(Span{0});
    EXPECT_EQ(jump_to(today - seconds{10}), today);
    EXPECT_EQ(clock.status(), ClockStatus::behind);
    EXPECT_EQ(after(seconds{10}), today + seconds{5});
    EXPECT_EQ(after(seconds{6}), today + seconds{8});
    EXPECT_EQ(clock.status(), ClockStatus::behind);
    EXPECT_EQ(clock.offset(), seconds{2});
    EXPECT_EQ(after(seconds{4}), today + seconds{10});
    EXPECT_EQ(clock.status(), ClockStatus::ok);
    EXPECT_EQ(after(seconds{1}), today + seconds{11});
}

TEST_F(GovernorTime, LosesNoHalfMillisecondsHoweverOftenItIsAsked) {
    after(Span{0});
    jump_to(today - hours{1});
    for (int i = 0; i < 2'000; ++i) {
        after(Span{1});
    }
    EXPECT_EQ(clock.now(), today + seconds{1});
}

TEST_F(GovernorTime, IsFarBehindAfterMoreThanADay) {
    after(Span{0});
    jump_to(today - days{1});
    EXPECT_FALSE(clock.far_behind());
    jump_to(today - days{1} - seconds{1});
    EXPECT_TRUE(clock.far_behind());
}

TEST_F(GovernorTime, IsUnsetBeforeTheBuildDateAndRunsFromThere) {
    machine.set(Instant{});
    EXPECT_EQ(after(Span{0}), built);
    EXPECT_EQ(clock.status(), ClockStatus::unset);
    EXPECT_EQ(clock.last_good(), std::nullopt);
    EXPECT_EQ(after(seconds{4}), built + seconds{4});
    EXPECT_EQ(jump_to(today), today);
    EXPECT_EQ(clock.status(), ClockStatus::ok);
    EXPECT_EQ(clock.last_good(), today);
}

TEST_F(GovernorTime, ContinuesFromAnEarlierRun) {
    clock.resume(today, machine.sample());
    EXPECT_EQ(jump_to(today + days{3}), today + days{3});
    EXPECT_EQ(clock.status(), ClockStatus::ok);
}

TEST_F(GovernorTime, SuspectsAClockFarBeyondTheEarlierRun) {
    clock.resume(today, machine.sample());
    EXPECT_EQ(jump_to(today + days{8}), today);
    EXPECT_EQ(clock.status(), ClockStatus::suspect);
}

TEST_F(GovernorTime, ContinuesFromAnEarlierRunWhileTheClockIsUnset) {
    clock.resume(today, machine.sample());
    jump_to(Instant{});
    EXPECT_EQ(after(seconds{4}), today + seconds{4});
    EXPECT_EQ(clock.status(), ClockStatus::unset);
}

TEST_F(GovernorTime, HasFourDigitsForItsYearWhateverAnEarlierRunSays) {
    clock.resume(instant_from_ms(std::int64_t{1} << 53), machine.sample());
    const std::chrono::year_month_day date{std::chrono::floor<days>(after(seconds{4}))};
    EXPECT_EQ(date.year(), std::chrono::year(9000));
}

TEST_F(GovernorTime, IsLoweredByTheOperatorOnly) {
    after(Span{0});
    jump_to(today - days{2});
    ASSERT_EQ(clock.status(), ClockStatus::behind);
    clock.set_time(today - days{2}, machine.sample());
    EXPECT_EQ(clock.now(), today - days{2});
    EXPECT_EQ(clock.status(), ClockStatus::ok);
    EXPECT_EQ(after(seconds{1}), today - days{2} + seconds{1});
}

TEST_F(GovernorTime, IsNoLongerUnsetOnceTheOperatorSetIt) {
    machine.set(Instant{});
    after(Span{0});
    clock.set_time(today, machine.sample());
    EXPECT_EQ(clock.status(), ClockStatus::suspect);
    EXPECT_EQ(after(seconds{5}), today + seconds{5});
}

TEST_F(GovernorTime, SurvivesAnyTimeThatTheOperatorGives) {
    after(Span{0});
    clock.set_time(Instant::max(), machine.sample());
    EXPECT_EQ(clock.status(), ClockStatus::behind);
    EXPECT_GT(after(seconds{2}), today);
    EXPECT_GT(clock.offset(), Span{0});
    clock.set_time(Instant::min(), machine.sample());
    EXPECT_EQ(clock.status(), ClockStatus::ok);
}

TEST_F(GovernorTime, AsksTheKernelAtMostOnceASecondWhileSuspect) {
    static int asked = 0;
    asked = 0;
    ClockSample sample{.wall = today, .monotonic_us = 0, .synchronised = []() noexcept {
                           ++asked;
                           return false;
                       }};
    clock.advance(sample);
    sample.wall = today + days{30};
    for (int i = 0; i <= 3'000; ++i) {
        clock.advance(sample);
        sample.wall += Span{1};
        sample.monotonic_us += 1'000;
    }
    EXPECT_EQ(asked, 4);
}

// Whatever the machine's clock does, governor time never runs backwards, nor faster than the clock
// that it believes or the monotonic clock.
RC_GTEST_PROP(GovernorTimeProperty, NeverRunsBackwardsWhateverTheClockDoes, ()) {
    const auto trust = *rc::gen::element(ClockTrust::synchronised, ClockTrust::system);
    GovernorClock clock({.trust = trust}, built);
    Machine machine(built + days{*rc::gen::inRange(-1'000, 1'000)});
    Instant last = clock.advance(machine.sample());
    const auto steps = *rc::gen::container<std::vector<std::pair<int, int>>>(
        rc::gen::pair(rc::gen::inRange(0, 4'000'000), rc::gen::inRange(-2'000, 2'000)));
    for (const auto& [ms, jump_hours] : steps) {
        machine.pass(Span{ms});
        if (jump_hours % 3 == 0) {
            machine.set(machine.wall() + hours{jump_hours});
        }
        if (jump_hours % 17 == 0) {
            machine.synchronise();
        }
        const Instant now = clock.advance(machine.sample());
        RC_ASSERT(now >= last);
        RC_ASSERT(now <= std::max(machine.wall(), last + Span{ms}));
        RC_ASSERT(clock.offset() == now - machine.wall());
        switch (clock.status()) {
            case ClockStatus::ok: RC_ASSERT(now == machine.wall()); break;
            case ClockStatus::behind: RC_ASSERT(now > machine.wall()); break;
            case ClockStatus::suspect: RC_ASSERT(machine.wall() - now > days{7}); break;
            case ClockStatus::unset: RC_ASSERT(machine.wall() < built); break;
        }
        last = now;
    }
}

TEST(BuildDate, IsNotInTheFutureOfTheMachineThatBuilt) {
    EXPECT_GT(build_date(), instant_from_ms(1'600'000'000'000));
}

}  // namespace
}  // namespace flyball
