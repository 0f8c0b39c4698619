#include "governors/compliance_settings.h"

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <string>

#include "schemas/utf8.h"

namespace flyball {

namespace {

constexpr std::array<ComplianceOp, 10> ops = {
    ComplianceOp::eq,     ComplianceOp::ne,    ComplianceOp::in, ComplianceOp::not_in,
    ComplianceOp::lt,     ComplianceOp::le,    ComplianceOp::gt, ComplianceOp::ge,
    ComplianceOp::prefix, ComplianceOp::exists};
constexpr std::array<std::string_view, 7> rule_keys = {"id",    "actions",  "attribute", "op",
                                                       "value", "severity", "on_missing"};
constexpr std::size_t name_bytes_limit = 64;   // of a rule, an action, an attribute
constexpr std::size_t value_bytes_max = 1024;  // no request's text is longer by default
constexpr std::size_t actions_max = 64;
constexpr std::size_t values_max = 256;  // all countries fit

bool is_name(const std::string& text) {
    return !text.empty() && text.size() <= name_bytes_limit && valid_utf8(text) &&
           !has_control_character(text);
}

bool is_id(const std::string& text) {
    return is_name(text) && std::ranges::all_of(text, [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
           });
}

bool is_scalar(const Tree& tree) {
    const std::string* text = tree.text();
    return tree.boolean() != nullptr || tree.integer() != nullptr ||
           (text != nullptr && text->size() <= value_bytes_max);
}

// Reads the keys of one rule; the first fault stays.
class RuleReader {
public:
    RuleReader(const Tree& tree, std::size_t index)
        : tree_(tree), path_("rules[" + std::to_string(index) + "]") {}

    Result<ComplianceRule> read() {
        if (check_form()) {
            read_names();
            read_actions();
            read_op();
            read_value();
            rule_.warns = read_choice("severity", "deny", "warn");
            rule_.skips_missing = read_choice("on_missing", "violation", "skip");
        }
        if (fault_) {
            return *fault_;
        }
        return rule_;
    }

private:
    void wrong(std::string_view key, std::string_view sentence) {
        if (!fault_) {
            std::string path = path_;
            path += key.empty() ? "" : ".";
            fault_ = Error{ErrorCode::usage, path.append(key).append(": ").append(sentence)};
        }
    }

    bool check_form() {
        if (tree_.map() == nullptr) {
            wrong("",
                  "must be a table such as { id = \"eu-only\", actions = \"*\", attribute = "
                  "\"region\", op = \"eq\", value = \"eu\" }");
            return false;
        }
        for (const auto& [key, value] : *tree_.map()) {
            if (std::ranges::find(rule_keys, key) == rule_keys.end()) {
                wrong(key,
                      "unknown; known are id, actions, attribute, op, value, severity, "
                      "on_missing");
            }
        }
        return !fault_;
    }

    const std::string* text(std::string_view key) const {
        const Tree* value = tree_.find(key);
        return value == nullptr ? nullptr : value->text();
    }

    void read_names() {
        const std::string* id = text("id");
        if (id == nullptr || !is_id(*id)) {
            wrong("id", "must be 1 to 64 of a-z, 0-9, _ and -");
        } else {
            rule_.id = *id;
        }
        const std::string* attribute = text("attribute");
        if (attribute == nullptr || !is_name(*attribute)) {
            wrong("attribute", "must be a name of 1 to 64 bytes without control characters");
        } else {
            rule_.attribute = *attribute;
        }
    }

    void read_actions() {
        constexpr const char* sentence =
            "must be \"*\" or a list of 1 to 64 different names of 1 to 64 bytes each";
        const std::string* all = text("actions");
        const Tree* actions = tree_.find("actions");
        if (all != nullptr && *all == "*") {
            return;
        }
        const Tree::List* list = actions == nullptr ? nullptr : actions->list();
        if (list == nullptr || list->empty() || list->size() > actions_max) {
            wrong("actions", sentence);
            return;
        }
        std::set<std::string> seen;
        for (const Tree& name : *list) {
            if (name.text() == nullptr || !is_name(*name.text()) ||
                !seen.insert(*name.text()).second) {
                wrong("actions", sentence);
                return;
            }
            rule_.actions.push_back(*name.text());
        }
        if (seen.contains("*")) {
            rule_.actions.clear();
        }
    }

    void read_op() {
        const std::string* op = text("op");
        const auto* found = std::ranges::find_if(
            ops, [&](ComplianceOp one) { return op != nullptr && *op == to_text(one); });
        if (found == ops.end()) {
            wrong("op",
                  "must be \"eq\", \"ne\", \"in\", \"not_in\", \"lt\", \"le\", \"gt\", \"ge\", "
                  "\"prefix\" or \"exists\"");
        } else {
            rule_.op = *found;
        }
    }

    // What the rule's op compares with; empty: `value` is that.
    std::string_view expected_value(const Tree& value) const {
        switch (rule_.op) {
            case ComplianceOp::eq:
            case ComplianceOp::ne:
                return is_scalar(value) ? "" : "must be a string, an integer or a boolean";
            case ComplianceOp::in:
            case ComplianceOp::not_in:
                return is_list(value) ? ""
                                      : "must be a list of 1 to 256 strings, integers or booleans, "
                                        "all of one type";
            case ComplianceOp::lt:
            case ComplianceOp::le:
            case ComplianceOp::gt:
            case ComplianceOp::ge: return value.integer() != nullptr ? "" : "must be an integer";
            case ComplianceOp::prefix:
                return value.text() != nullptr && is_scalar(value)
                           ? ""
                           : "must be a string of at most 1024 bytes";
            case ComplianceOp::exists:
                return value.boolean() != nullptr ? "" : "must be true or false, or left out";
        }
        return "";
    }

    static bool is_list(const Tree& value) {
        const Tree::List* list = value.list();
        return list != nullptr && !list->empty() && list->size() <= values_max &&
               std::ranges::all_of(*list, [&](const Tree& one) {
                   return is_scalar(one) && one.kind_name() == list->front().kind_name();
               });
    }

    void read_value() {
        const Tree* value = tree_.find("value");
        rule_.value = value != nullptr ? *value : Tree(true);
        if (value == nullptr && rule_.op != ComplianceOp::exists) {
            wrong("value", "must be given: what the attribute is compared with");
        } else if (const auto expected = expected_value(rule_.value); !expected.empty()) {
            wrong("value", expected);
        }
    }

    // Whether it is the second.
    bool read_choice(std::string_view key, std::string_view first, std::string_view second) {
        const Tree* value = tree_.find(key);
        const std::string* chosen = text(key);
        if (value != nullptr && (chosen == nullptr || (*chosen != first && *chosen != second))) {
            wrong(key, "must be \"" + std::string(first) + "\" or \"" + std::string(second) + "\"");
        }
        return chosen != nullptr && *chosen == second;
    }

    const Tree& tree_;
    std::string path_;
    ComplianceRule rule_;
    std::optional<Error> fault_;
};

Error wrong(const std::string& key, std::string_view sentence) {
    return {ErrorCode::usage, key + ": " + std::string(sentence)};
}

Result<std::vector<ComplianceRule>> read_rules(const Tree& tree) {
    const Tree::List* list = tree.list();
    if (list == nullptr || list->size() > compliance_rules_max) {
        return wrong("rules", "must be a list of at most 64 rules");
    }
    std::vector<ComplianceRule> rules;
    for (const Tree& one : *list) {
        auto rule = RuleReader(one, rules.size()).read();
        if (!rule) {
            return rule.error();
        }
        if (std::ranges::find(rules, rule->id, &ComplianceRule::id) != rules.end()) {
            return wrong(
                "rules[" + std::to_string(rules.size()) + "].id",
                "must differ from every other rule's: \"" + rule->id + "\" is there twice");
        }
        rules.push_back(std::move(*rule));
    }
    return rules;
}

Tree rule_tree(const ComplianceRule& rule) {
    Tree::Map map;
    map["id"] = rule.id;
    map["actions"] = rule.actions.empty()
                         ? Tree("*")
                         : Tree(Tree::List(rule.actions.begin(), rule.actions.end()));
    map["attribute"] = rule.attribute;
    map["op"] = std::string(to_text(rule.op));
    map["value"] = rule.value;
    map["severity"] = rule.warns ? "warn" : "deny";
    map["on_missing"] = rule.skips_missing ? "skip" : "violation";
    return map;
}

// Empty: it was taken.
std::string take_scalar(const std::string& key, const Tree& value, ComplianceSettings& settings) {
    if (key == "strikes") {
        const std::int64_t* number = value.integer();
        if (number == nullptr || *number < 1 || *number > std::int64_t{strikes_max}) {
            return "must be an integer from 1 to 64";
        }
        settings.strikes = static_cast<std::size_t>(*number);
    } else if (key == "strike_window") {
        const std::string* text = value.text();
        const auto window = text == nullptr ? std::nullopt : parse_duration(*text);
        if (!window || window->ms <= 0 || window->months != 0) {
            return "must be a duration longer than nothing, such as \"1d\" (not in months)";
        }
        settings.strike_window = Span{window->ms};
    } else if (key == "lockout") {
        if (value.boolean() == nullptr) {
            return "must be true or false";
        }
        settings.lockout = *value.boolean();
    } else {
        return "unknown; a compliance governor knows rules, strikes, strike_window, lockout";
    }
    return "";
}

}  // namespace

Result<ComplianceSettings> read_compliance_settings(const Tree& tree) {
    if (tree.map() == nullptr) {
        return Error{ErrorCode::usage, "a compliance governor's configuration must be a table"};
    }
    ComplianceSettings settings;
    for (const auto& [key, value] : *tree.map()) {
        if (key == "rules") {
            auto rules = read_rules(value);
            if (!rules) {
                return rules.error();
            }
            settings.rules = std::move(*rules);
        } else if (const std::string fault = take_scalar(key, value, settings); !fault.empty()) {
            return wrong(key, fault);
        }
    }
    return settings;
}

Tree compliance_tree(const ComplianceSettings& settings) {
    Tree::List rules;
    for (const ComplianceRule& rule : settings.rules) {
        rules.push_back(rule_tree(rule));
    }
    return Tree::Map{
        {"rules", std::move(rules)},
        {"strikes", static_cast<std::int64_t>(settings.strikes)},
        {"strike_window", format_duration({.ms = settings.strike_window.count(), .months = 0})},
        {"lockout", settings.lockout}};
}

}  // namespace flyball
