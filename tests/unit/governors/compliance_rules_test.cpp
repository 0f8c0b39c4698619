// What a rule says of an attribute: each op with each type.

#include <gtest/gtest.h>

#include "tests/unit/governors/compliance_desk.h"

namespace flyball {
namespace {

// What a check with the attribute `a` violates under one rule; null: without the attribute.
bool violated(Tree::Map rule, const Json& a, const char* action = "store") {
    ComplianceDesk desk({{"rules", Tree::List{std::move(rule)}}});
    Json request = {{"action", action}};
    if (!a.is_null()) {
        request["attributes"] = {{"a", a}, {"zz", 1}, {"A", "x"}};
    }
    const ComplianceAnswer answer = desk.ask(0, request);
    EXPECT_EQ(answer.verdict == Verdict::deny, answer.keys.contains("violations"));
    return answer.verdict == Verdict::deny;
}

TEST(ComplianceRule, ComparesAnAttributeOfTheSameType) {
    const Tree words = Tree::List{"eu", "us"};
    const Tree numbers = Tree::List{1, -2};
    const Tree flags = Tree::List{true};
    const std::int64_t big = 9'007'199'254'740'993;
    const struct {
        const char* op;
        Tree value;
        std::vector<Json> held;
        std::vector<Json> violated;
    } cases[] = {
        {"eq", "eu", {"eu"}, {"EU", "eu ", "", 1, true}},
        {"eq", "", {""}, {"x", 0, false}},
        {"eq", 1, {1, 1.0}, {2, -1, "1", true}},
        {"eq", big, {big}, {big - 1, "9007199254740993"}},
        {"eq", true, {true}, {false, 1, "true"}},
        {"eq", false, {false}, {true, 0, ""}},
        {"ne", "eu", {"us", ""}, {"eu", 1, false}},
        {"ne", 1, {2, -1}, {1, "2", true}},
        {"ne", true, {false}, {true, 0, "x"}},
        {"in", words, {"eu", "us"}, {"ap", "", 1, true}},
        {"in", numbers, {1, -2}, {0, "1", true}},
        {"in", flags, {true}, {false, 1, "true"}},
        {"not_in", words, {"ap", ""}, {"eu", "us", 1, true}},
        {"not_in", numbers, {0}, {1, -2, "0", false}},
        {"not_in", flags, {false}, {true, 0, "x"}},
        {"lt", 5, {4, -100}, {5, 6, "4", true}},
        {"le", 5, {4, 5}, {6, "5", false}},
        {"gt", 5, {6}, {5, 4, "6", true}},
        {"ge", -5, {-5, 0}, {-6, "0", false}},
        {"prefix", "eu-", {"eu-", "eu-west"}, {"eu", "us-eu-", "", 1, true}},
        {"prefix", "", {"", "x"}, {1, true}},
        {"exists", true, {"", 0, false, "x", 1, true}, {}},
        {"exists", false, {}, {"", 0, false, "x", 1, true}},
    };
    for (const auto& [op, value, held, broken] : cases) {
        for (const Json& a : held) {
            EXPECT_FALSE(violated(a_rule(op, value), a)) << op << " " << a;
        }
        for (const Json& a : broken) {
            EXPECT_TRUE(violated(a_rule(op, value), a)) << op << " " << a;
        }
    }
}

TEST(ComplianceRule, SaysWhatAMissingAttributeIs) {
    const struct {
        const char* op;
        Tree value;
    } cases[] = {{"eq", 1},       {"ne", "x"}, {"in", Tree::List{1}},
                 {"lt", 1},       {"le", 1},   {"not_in", Tree::List{"x"}},
                 {"gt", 1},       {"ge", 1},   {"prefix", "x"},
                 {"exists", true}};
    for (const auto& [op, value] : cases) {
        Tree::Map rule = a_rule(op, value);
        EXPECT_TRUE(violated(rule, nullptr)) << op;
        rule["on_missing"] = "violation";
        EXPECT_TRUE(violated(rule, nullptr)) << op;
        rule["on_missing"] = "skip";
        EXPECT_FALSE(violated(rule, nullptr)) << op;
    }
    EXPECT_FALSE(violated(a_rule("exists", false), nullptr));
    Tree::Map bare = a_rule("exists", true);
    bare.erase("value");
    EXPECT_TRUE(violated(bare, nullptr));
    EXPECT_FALSE(violated(bare, 1));
}

TEST(ComplianceRule, GovernsTheActionsItNames) {
    Tree::Map rule = a_rule("eq", 1);
    rule["actions"] = Tree::List{"store", "move"};
    EXPECT_TRUE(violated(rule, 2, "store"));
    EXPECT_TRUE(violated(rule, 2, "move"));
    EXPECT_FALSE(violated(rule, 2, "stor"));
    EXPECT_FALSE(violated(rule, 2, "storeX"));
    rule["actions"] = Tree::List{"*"};
    EXPECT_TRUE(violated(rule, 2, "anything"));
}

}  // namespace
}  // namespace flyball
