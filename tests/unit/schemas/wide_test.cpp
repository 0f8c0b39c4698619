// Integers of 128 bits by two halves: what 32-bit processors decide with, held against the
// compiler's own where there is one.

#include "schemas/wide.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <limits>

namespace flyball {
namespace {

constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t least = std::numeric_limits<std::int64_t>::min();

TEST(Wide, ASumOfTheLargestNumbersDoesNotWrapAround) {
    const WideByHalves sum = WideByHalves{most} + most + most;
    EXPECT_GT(sum, WideByHalves{most});
    EXPECT_EQ(sum - most - most, WideByHalves{most});
    EXPECT_EQ(sum.high(), 1);
    EXPECT_LT(WideByHalves{least} + least, WideByHalves{least});
}

TEST(Wide, AProductIsExactAndDividesBack) {
    const WideByHalves product = WideByHalves{most} * most;
    EXPECT_EQ(product.high(), most / 2);
    EXPECT_EQ(product.low(), 1U);
    EXPECT_EQ(product / most, WideByHalves{most});
    EXPECT_EQ(static_cast<std::int64_t>((product - 1) / most), most - 1);
    EXPECT_EQ(WideByHalves{least} * least / least, WideByHalves{least});
}

TEST(Wide, DivisionRoundsTowardsZero) {
    EXPECT_EQ(WideByHalves{-7} / 2, WideByHalves{-3});
    EXPECT_EQ(WideByHalves{7} / -2, WideByHalves{-3});
    EXPECT_EQ(WideByHalves{-7} / -2, WideByHalves{3});
    EXPECT_EQ(WideByHalves{1} / most, WideByHalves{0});
}

TEST(Wide, DividesByADivisorOfMoreThanAHalf) {
    const WideByHalves divisor = WideByHalves::of(least, 0);  // -2^127
    EXPECT_EQ(divisor / divisor, WideByHalves{1});
    EXPECT_EQ(WideByHalves{5} / divisor, WideByHalves{0});
    EXPECT_EQ(WideByHalves::of(most, ~std::uint64_t{0}) / WideByHalves::of(1, 0),
              WideByHalves{most});
}

TEST(Wide, HalvesGoInAndOut) {
    const Wide wide = wide_of(-3, 5);
    EXPECT_EQ(high_half(wide), -3);
    EXPECT_EQ(low_half(wide), 5U);
    EXPECT_LT(wide, Wide{0});
}

#ifdef __SIZEOF_INT128__
WideByHalves halves(Wide wide) {
    return WideByHalves::of(high_half(wide), low_half(wide));
}

// Numbers of every size, so that both paths of a division are gone.
Wide some_number() {
    const Wide wide =
        wide_of(*rc::gen::arbitrary<std::int64_t>(), *rc::gen::arbitrary<std::uint64_t>());
    return wide >> *rc::gen::inRange(0, 128);
}

RC_GTEST_PROP(Wide, HalvesCalculateAsTheCompilerDoes, ()) {
    const Wide a = some_number();
    const Wide b = some_number();
    const auto wrapped = [](UnsignedWide number) { return halves(static_cast<Wide>(number)); };
    const auto bits = [](Wide number) { return static_cast<UnsignedWide>(number); };
    RC_ASSERT(halves(a) + halves(b) == wrapped(bits(a) + bits(b)));
    RC_ASSERT(halves(a) - halves(b) == wrapped(bits(a) - bits(b)));
    RC_ASSERT(halves(a) * halves(b) == wrapped(bits(a) * bits(b)));
    RC_ASSERT((halves(a) < halves(b)) == (a < b));
    RC_ASSERT((halves(a) == halves(b)) == (a == b));
    RC_ASSERT(static_cast<std::int64_t>(halves(a)) == static_cast<std::int64_t>(a));
    RC_PRE(b != 0 && !(a == wide_of(least, 0) && b == -1));
    RC_ASSERT(halves(a) / halves(b) == halves(a / b));
}
#endif

}  // namespace
}  // namespace flyball
