#include "node/waiter.h"

#include <gtest/gtest.h>

#include <chrono>
#include <utility>

namespace flyball {
namespace {

using Clock = std::chrono::steady_clock;

// Far beyond what a machine under load takes.
constexpr Span long_sleep{20'000};
constexpr auto soon = std::chrono::seconds(10);

constexpr auto nothing_to_do = [] { return false; };

// A sync may end, or room come back, right behind the look of a turn at it.
TEST(Waiter, IsNotPutToSleepByAWakeUpThatCameBefore) {
    const auto waiter = std::move(Waiter::make()).value();
    waiter->wake();
    const auto began = Clock::now();
    EXPECT_EQ(waiter->wait(long_sleep, nothing_to_do), std::nullopt);
    EXPECT_LT(Clock::now() - began, soon);
}

TEST(Waiter, RemembersAWakeUpForOneSleepOnly) {
    const auto waiter = std::move(Waiter::make()).value();
    constexpr Span short_sleep{20};
    waiter->wake();
    waiter->wait(short_sleep, nothing_to_do);
    const auto began = Clock::now();
    waiter->wait(short_sleep, nothing_to_do);
    EXPECT_GE(Clock::now() - began, short_sleep);
}

}  // namespace
}  // namespace flyball
