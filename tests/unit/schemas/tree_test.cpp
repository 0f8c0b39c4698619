#include "schemas/tree.h"

#include <gtest/gtest.h>

namespace flyball {
namespace {

std::string json(const Tree& tree) {
    std::string out;
    tree.append_canonical_json(out);
    return out;
}

TEST(Tree, IsAnEmptyMapAtFirst) {
    EXPECT_EQ(json(Tree{}), "{}");
    EXPECT_EQ(Tree{}.kind_name(), "map");
}

TEST(Tree, NamesWhatItHolds) {
    EXPECT_EQ(Tree(true).kind_name(), "boolean");
    EXPECT_EQ(Tree(1).kind_name(), "integer");
    EXPECT_EQ(Tree("text").kind_name(), "string");
    EXPECT_EQ(Tree(Tree::List{}).kind_name(), "list");
}

TEST(Tree, FindsMembersOfMapsOnly) {
    const Tree tree(Tree::Map{{"limit", Tree(5)}});
    ASSERT_NE(tree.find("limit"), nullptr);
    EXPECT_EQ(*tree.find("limit")->integer(), 5);
    EXPECT_EQ(tree.find("burst"), nullptr);
    EXPECT_EQ(Tree(5).find("limit"), nullptr);
}

TEST(CanonicalJson, SortsKeysBytewiseAndWritesNoWhiteSpace) {
    const Tree tree(Tree::Map{{"b", Tree(Tree::List{Tree(1), Tree("x"), Tree(false)})},
                              {"a", Tree(Tree::Map{})},
                              {"Z", Tree(std::int64_t{INT64_MIN})},
                              {"\xc3\xa4", Tree(true)}});
    EXPECT_EQ(json(tree),
              "{\"Z\":-9223372036854775808,\"a\":{},\"b\":[1,\"x\",false],\"\xc3\xa4\":true}");
}

TEST(CanonicalJson, EscapesOnlyWhatItMust) {
    EXPECT_EQ(json(Tree("a\"b\\c/\b\f\n\r\t\x01\x1f\x7f")),
              "\"a\\\"b\\\\c/\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\"");
    EXPECT_EQ(json(Tree(Tree::Map{{"k\"", Tree(std::string("\0", 1))}})), R"({"k\"":"\u0000"})");
}

}  // namespace
}  // namespace flyball
