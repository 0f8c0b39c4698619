#include "schemas/size_within.h"

#include <gtest/gtest.h>

namespace flyball {
namespace {

constexpr std::uint64_t beyond_32_bits = std::uint64_t{1} << 32;

// Sizes of 32 bits, as a Raspberry Pi's are, whatever this machine's are.
TEST(SizeWithin, IsLookedAtBeforeItIsCut) {
    constexpr std::uint32_t left = 100;
    EXPECT_EQ(size_within(0, left), 0U);
    EXPECT_EQ(size_within(100, left), 100U);
    EXPECT_EQ(size_within(101, left), std::nullopt);
    EXPECT_EQ(size_within(beyond_32_bits, left), std::nullopt);
    EXPECT_EQ(size_within(beyond_32_bits + 5, left), std::nullopt);
    EXPECT_EQ(size_within(UINT64_MAX, UINT32_MAX), std::nullopt);
}

TEST(SizeWithin, UpToItIsTheLowerOfTheTwo) {
    constexpr std::uint32_t most = 100;
    EXPECT_EQ(size_up_to(99, most), 99U);
    EXPECT_EQ(size_up_to(101, most), 100U);
    EXPECT_EQ(size_up_to(beyond_32_bits + 5, most), 100U);
    EXPECT_EQ(size_up_to(beyond_32_bits, UINT32_MAX), UINT32_MAX);
}

}  // namespace
}  // namespace flyball
