// A compliance governor's configuration: what is read, what is refused with which key.

#include "governors/compliance_settings.h"

#include <gtest/gtest.h>

#include "tests/unit/governors/compliance_desk.h"

namespace flyball {
namespace {

std::string refusal(Tree settings) {
    ComplianceDesk desk({{"rules", ok_rule()}, {"strikes", 5}});
    const Tree before = desk.rules.settings();
    const auto result = desk.rules.configure(settings, instant_from_ms(0));
    EXPECT_FALSE(result.has_value());
    EXPECT_EQ(desk.rules.settings(), before);
    return result ? "" : result.error().message;
}

// With a sound rule before it.
std::string rule_refusal(Tree rule) {
    return refusal(Tree::Map{{"rules", Tree::List{ok_rule().front(), std::move(rule)}}});
}

std::string refusal_of(Tree::Map rule, const std::string& key, Tree value) {
    rule["id"] = "other";
    rule[key] = std::move(value);
    return rule_refusal(std::move(rule));
}

std::string json(const Tree& tree) {
    std::string text;
    tree.append_canonical_json(text);
    return text;
}

TEST(ComplianceSettings, AllowEverythingByDefault) {
    EXPECT_EQ(json(ComplianceDesk().rules.settings()),
              R"({"lockout":false,"rules":[],"strike_window":"1d","strikes":3})");
    EXPECT_EQ(ComplianceDesk().ask(0).verdict, Verdict::allow);
}

TEST(ComplianceSettings, ShowEveryDefaultOfARule) {
    Tree::Map rule = a_rule("exists", true);
    rule.erase("value");
    rule["actions"] = Tree::List{"b", "a"};
    const ComplianceDesk desk({{"rules", Tree::List{rule}}});
    EXPECT_EQ(json(*desk.rules.settings().find("rules")),
              R"([{"actions":["b","a"],"attribute":"a","id":"r","on_missing":"violation",)"
              R"("op":"exists","severity":"deny","value":true}])");
}

TEST(ComplianceSettings, AreReadBackFromWhatTheyWrite) {
    Tree::List rules;
    const Tree lists = Tree::List{"x", "y"};
    for (const auto& [op, value] : std::vector<std::pair<const char*, Tree>>{{"eq", 1},
                                                                             {"ne", false},
                                                                             {"in", lists},
                                                                             {"not_in", lists},
                                                                             {"prefix", "p"},
                                                                             {"lt", -1},
                                                                             {"le", 0},
                                                                             {"gt", 2},
                                                                             {"ge", 3},
                                                                             {"exists", false}}) {
        Tree::Map rule = a_rule(op, value);
        rule["id"] = std::string(op);
        rule["severity"] = rules.size() % 2 == 0 ? "warn" : "deny";
        rule["on_missing"] = rules.size() % 3 == 0 ? "skip" : "violation";
        rule["actions"] = rules.size() % 2 == 0 ? Tree("*") : lists;
        rules.push_back(rule);
    }
    const ComplianceDesk desk(
        {{"rules", rules}, {"strikes", 7}, {"strike_window", "90s"}, {"lockout", true}});
    ComplianceDesk again;
    const Tree settings = desk.rules.settings();
    ASSERT_TRUE(again.rules.configure(settings, instant_from_ms(0)).has_value());
    EXPECT_EQ(again.rules.settings(), settings);
    EXPECT_EQ(settings.find("rules")->list()->size(), 10U);
}

TEST(ComplianceSettings, NameTheKeyOfARuleThatIsWrong) {
    const Tree::Map eq = a_rule("eq", 1);
    const Tree::Map in = a_rule("in", Tree::List{1});
    const struct {
        Tree::Map rule;
        const char* key;
        Tree value;
        const char* said;
    } cases[] = {
        {eq, "id", "ok id", "must be 1 to 64 of a-z"},
        {eq, "id", "", "must be 1 to 64 of a-z"},
        {eq, "id", "Upper", "must be 1 to 64 of a-z"},
        {eq, "id", std::string(65, 'a'), "must be 1 to 64 of a-z"},
        {eq, "id", 7, "must be 1 to 64 of a-z"},
        {eq, "actions", "store", "must be \"*\" or a list"},
        {eq, "actions", Tree::List{}, "must be \"*\" or a list"},
        {eq, "actions", Tree::List{1}, "must be \"*\" or a list"},
        {eq, "actions", Tree::List{""}, "must be \"*\" or a list"},
        {eq, "actions", Tree::List{"a", "a"}, "must be \"*\" or a list"},
        {eq, "actions", Tree::List(65, "a"), "must be \"*\" or a list"},
        {eq, "actions", std::string(65, 'a'), "must be \"*\" or a list"},
        {eq, "attribute", "", "must be a name of 1 to 64 bytes"},
        {eq, "attribute", "a\nb", "must be a name of 1 to 64 bytes"},
        {eq, "attribute", std::string(65, 'a'), "must be a name of 1 to 64 bytes"},
        {eq, "op", "equals", "must be \"eq\", \"ne\""},
        {eq, "op", 1, "must be \"eq\", \"ne\""},
        {eq, "value", Tree::List{1}, "must be a string, an integer or a boolean"},
        {eq, "value", Tree::Map{}, "must be a string, an integer or a boolean"},
        {eq, "value", std::string(1025, 'a'), "must be a string, an integer or a boolean"},
        {in, "value", 1, "must be a list of 1 to 256"},
        {in, "value", Tree::List{}, "must be a list of 1 to 256"},
        {in, "value", Tree::List{1, "1"}, "must be a list of 1 to 256"},
        {in, "value", Tree::List{Tree::List{}}, "must be a list of 1 to 256"},
        {in, "value", Tree::List(257, 1), "must be a list of 1 to 256"},
        {a_rule("not_in", 1), "value", "x", "must be a list of 1 to 256"},
        {a_rule("lt", 1), "value", "1", "must be an integer"},
        {a_rule("le", 1), "value", true, "must be an integer"},
        {a_rule("gt", 1), "value", "x", "must be an integer"},
        {a_rule("ge", 1), "value", Tree::List{1}, "must be an integer"},
        {a_rule("prefix", "p"), "value", 1, "must be a string"},
        {a_rule("exists", true), "value", "yes", "must be true or false, or left out"},
        {eq, "severity", "fatal", "must be \"deny\" or \"warn\""},
        {eq, "severity", true, "must be \"deny\" or \"warn\""},
        {eq, "on_missing", "ignore", "must be \"violation\" or \"skip\""},
        {eq, "colour", "red", "unknown; known are id, actions"},
    };
    for (const auto& [rule, key, value, said] : cases) {
        const std::string message = refusal_of(rule, key, value);
        const std::string start = "rules[1]." + std::string(key) + ": " + said;
        EXPECT_EQ(message.substr(0, start.size()), start) << message;
    }
}

TEST(ComplianceSettings, AskForEveryKeyThatHasNoDefault) {
    for (const char* key : {"id", "actions", "attribute", "op", "value"}) {
        Tree::Map rule = a_rule("eq", 1);
        rule.erase(key);
        const std::string start = "rules[1]." + std::string(key) + ": must be";
        EXPECT_EQ(rule_refusal(rule).substr(0, start.size()), start);
    }
}

TEST(ComplianceSettings, RefuseTheSameIdTwice) {
    Tree::Map rule = a_rule("eq", 1);
    EXPECT_EQ(refusal(Tree::Map{{"rules", Tree::List{rule, rule}}}),
              "rules[1].id: must differ from every other rule's: \"r\" is there twice");
}

TEST(ComplianceSettings, NameTheKeyThatIsWrong) {
    Tree::List many;
    for (int at = 0; at < 65; ++at) {
        Tree::Map rule = a_rule("eq", 1);
        rule["id"] = "r" + std::to_string(at);
        many.emplace_back(rule);
    }
    const struct {
        const char* key;
        Tree value;
        const char* said;
    } cases[] = {
        {"rules", Tree::Map{}, "must be a list of at most 64 rules"},
        {"rules", many, "must be a list of at most 64 rules"},
        {"strikes", 0, "must be an integer from 1 to 64"},
        {"strikes", 65, "must be an integer from 1 to 64"},
        {"strikes", "3", "must be an integer from 1 to 64"},
        {"strike_window", 60, "must be a duration longer than nothing"},
        {"strike_window", "0s", "must be a duration longer than nothing"},
        {"strike_window", "1mo", "must be a duration longer than nothing"},
        {"lockout", "yes", "must be true or false"},
        {"strike", 1, "unknown; a compliance governor knows rules, strikes"},
    };
    for (const auto& [key, value, said] : cases) {
        const std::string message = refusal(Tree::Map{{key, value}});
        const std::string start = std::string(key) + ": " + said;
        EXPECT_EQ(message.substr(0, start.size()), start) << message;
    }
    EXPECT_EQ(refusal(Tree(1)), "a compliance governor's configuration must be a table");
    EXPECT_EQ(rule_refusal(Tree("eu")).substr(0, 23), "rules[1]: must be a tab");
    many.pop_back();
    EXPECT_EQ(ComplianceDesk({{"rules", many}}).ask(0).keys.at("violations").size(), 64U);
}

}  // namespace
}  // namespace flyball
