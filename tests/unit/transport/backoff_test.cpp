#include "transport/backoff.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <vector>

namespace flyball {
namespace {

std::vector<std::int64_t> waits(Backoff& backoff, std::size_t count) {
    std::vector<std::int64_t> out;
    for (std::size_t i = 0; i < count; ++i) {
        out.push_back(backoff.next().count());
    }
    return out;
}

TEST(Backoff, TriesAtOnceThenUpToTwiceAsLongEachTimeUntilItsMaximum) {
    Backoff backoff({}, [](std::uint64_t bound) { return bound; });
    EXPECT_EQ(waits(backoff, 9),
              (std::vector<std::int64_t>{0, 1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000}));
}

TEST(Backoff, MayWaitNotAtAllSinceTheJitterIsFull) {
    Backoff backoff({}, [](std::uint64_t) { return std::uint64_t{0}; });
    EXPECT_EQ(waits(backoff, 4), (std::vector<std::int64_t>{0, 0, 0, 0}));
}

TEST(Backoff, StartsAnewAfterReset) {
    Backoff backoff({}, [](std::uint64_t bound) { return bound; });
    waits(backoff, 5);
    backoff.reset();
    EXPECT_EQ(waits(backoff, 3), (std::vector<std::int64_t>{0, 1000, 2000}));
}

RC_GTEST_PROP(Backoff, NeverExceedsItsBoundWhateverTheSourceSays,
              (std::vector<std::uint64_t> numbers)) {
    std::size_t at = 0;
    Backoff backoff({.first = Span{100}, .max = Span{700}}, [&](std::uint64_t) {
        return at < numbers.size() ? numbers[at++] : std::uint64_t{0};
    });
    for (const std::int64_t wait : waits(backoff, 12)) {
        RC_ASSERT(wait >= 0);
        RC_ASSERT(wait <= 700);
    }
}

}  // namespace
}  // namespace flyball
