#include "node/policy_rev.h"

#include <gtest/gtest.h>

namespace flyball {
namespace {

TEST(Sha256, AgreesWithTheStandardsExamples) {
    EXPECT_EQ(sha256_hex("abc", 64),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(sha256_hex("", 6), "e3b0c4");
}

TEST(PolicyRev, IsTwelveDigitsOfTheCanonicalJson) {
    EXPECT_EQ(policy_rev(Tree{}), sha256_hex("{}", 12));
    EXPECT_EQ(policy_rev(Tree(Tree::Map{{"limit", Tree(5)}, {"a", Tree(true)}})),
              sha256_hex(R"({"a":true,"limit":5})", 12));
}

TEST(PolicyRev, DiffersWhenAValueDiffers) {
    EXPECT_NE(policy_rev(Tree(Tree::Map{{"limit", Tree(5)}})),
              policy_rev(Tree(Tree::Map{{"limit", Tree("5")}})));
}

}  // namespace
}  // namespace flyball
