#include "node/config_govern.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <span>
#include <string_view>

#include "node/config_check.h"
#include "node/config_option.h"
#include "node/governor_types.h"
#include "schemas/request.h"
#include "transport/topic_filter.h"

namespace flyball {
namespace {

constexpr std::size_t names_max = 64;   // in a list of users or client ids
constexpr std::size_t levels_max = 64;  // of a topic that can be a tenant
constexpr int nesting_max = 3;          // of a request: admit's parts, their attributes

constexpr std::array<std::string_view, 2> per_names = {"message", "byte"};
constexpr std::array<std::string_view, 2> on_names = {"publish", "subscribe"};
constexpr std::array<std::string_view, 2> mode_names = {"enforce", "observe"};
constexpr std::array<std::string_view, 2> passing_names = {"allow", "deny"};
constexpr std::array<std::string_view, 11> keys = {"topic",    "users",    "client_ids", "tenant",
                                                   "governor", "request",  "per",        "on",
                                                   "mode",     "on_error", "unmapped"};

// Names, or starts of names: a star stands for any end and only there.
bool valid_name_pattern(std::string_view text) {
    return valid_short_text(text) && text.substr(0, text.size() - 1).find('*') == text.npos;
}

// The deepest map or list below, 1 for a map of plain values. Recursion ends at nesting_max.
bool nested_deeper(const Tree& value, int depth) {
    const auto deeper = [depth](const Tree& one) {
        return (one.map() != nullptr || one.list() != nullptr) &&
               (depth == 0 || nested_deeper(one, depth - 1));
    };
    if (const Tree::Map* map = value.map()) {
        return std::ranges::any_of(*map, [&](const auto& member) { return deeper(member.second); });
    }
    return value.list() != nullptr && std::ranges::any_of(*value.list(), deeper);
}

class RuleReader {
public:
    RuleReader(const Tree& table, std::string key, const Places& places,
               std::vector<std::string>& faults)
        : table_(table), key_(std::move(key)), places_(places), faults_(faults) {}

    GovernRule read();

private:
    void read_names(std::string_view name, std::vector<std::string>& out);
    void read_tenant();
    void read_governor();
    void read_request();
    std::optional<std::size_t> choice(std::string_view name,
                                      std::span<const std::string_view> known);
    void must_be(std::string_view name, std::string_view what);
    void fault(std::string_view name, std::string_view sentence);

    const Tree& table_;
    const std::string key_;  // "govern[0]"
    const Places& places_;
    std::vector<std::string>& faults_;
    GovernRule rule_;
};

void RuleReader::fault(std::string_view name, std::string_view sentence) {
    faults_.push_back(govern_fault(places_, key_ + "." + std::string(name), sentence));
}

void RuleReader::must_be(std::string_view name, std::string_view what) {
    const Tree* value = table_.find(name);
    fault(name,
          "must be " + std::string(what) + (value == nullptr ? "" : ", not " + toml_value(*value)));
}

// Which of two it is; the first is the default.
std::optional<std::size_t> RuleReader::choice(std::string_view name,
                                              std::span<const std::string_view> known) {
    const Tree* value = table_.find(name);
    if (value == nullptr) {
        return 0;
    }
    const auto found =
        value->text() == nullptr ? known.end() : std::ranges::find(known, *value->text());
    if (found == known.end()) {
        must_be(name, "\"" + std::string(known[0]) + "\" or \"" + std::string(known[1]) + "\"");
        return std::nullopt;
    }
    return static_cast<std::size_t>(found - known.begin());
}

void RuleReader::read_names(std::string_view name, std::vector<std::string>& out) {
    const Tree* value = table_.find(name);
    if (value == nullptr) {
        return;
    }
    const Tree::List* list = value->list();
    const bool good = list != nullptr && !list->empty() && list->size() <= names_max &&
                      std::ranges::all_of(*list, [](const Tree& one) {
                          return one.text() != nullptr && valid_name_pattern(*one.text());
                      });
    if (!good) {
        must_be(name, "a list of 1 to 64 names, or starts of names with a * at their end");
        return;
    }
    for (const Tree& one : *list) {
        out.push_back(*one.text());
    }
}

void RuleReader::read_tenant() {
    constexpr std::string_view level = "level:";
    const Tree* value = table_.find("tenant");
    if (value == nullptr) {
        return;
    }
    const std::string_view text = value->text() == nullptr ? std::string_view{} : *value->text();
    if (text == "user" || text == "client_id") {
        rule_.tenant = text == "user" ? GovernedBy::user : GovernedBy::client_id;
        return;
    }
    if (text.starts_with(level)) {
        const std::string_view digits = text.substr(level.size());
        const char* const end = digits.data() + digits.size();
        const auto read = std::from_chars(digits.data(), end, rule_.level);
        if (read.ec == std::errc{} && read.ptr == end && rule_.level >= 1 &&
            rule_.level <= levels_max) {
            rule_.tenant = GovernedBy::level;
            return;
        }
    }
    must_be("tenant",
            "\"user\", \"client_id\" or a topic's level from \"level:1\" to \"level:64\"");
}

void RuleReader::read_governor() {
    const Tree* value = table_.find("governor");
    const std::string_view text =
        value == nullptr || value->text() == nullptr ? std::string_view{} : *value->text();
    const std::size_t slash = text.find('/');
    const bool named = slash != text.npos && find_governor_type(text.substr(0, slash)) != nullptr &&
                       valid_name(text.substr(slash + 1));
    if (!named && text != "admit") {
        must_be("governor", "\"admit\" or a governor's type and name, as \"quota/main\"");
        return;
    }
    rule_.governor = text;
}

void RuleReader::read_request() {
    const Tree* value = table_.find("request");
    if (value != nullptr && value->map() == nullptr) {
        must_be("request", "a table of the request's fields, as { resource = \"messages\" }");
        return;
    }
    if (value != nullptr) {
        rule_.request = *value;
    }
    for (const auto& [name, field] : *rule_.request.map()) {
        if (is_common_key(name) && name != "op") {
            fault("request." + name,
                  "must be left out: a message's publisher is the tenant, and "
                  "each message is decided once, as it comes");
        }
    }
    if (nested_deeper(rule_.request, nesting_max)) {
        fault("request", "must be nested at most 4 deep");
    }
    if (rule_.per == GovernedUnit::message || rule_.governor.empty()) {
        return;
    }
    const bool quota = rule_.governor.starts_with("quota/");
    if (!quota && !rule_.governor.starts_with("billing/")) {
        fault("per",
              "must be \"message\" unless a quota or a billing governor is asked: others "
              "count no bytes");
    }
    const std::string_view counted = quota ? "hits" : "amount";
    if (rule_.request.find(counted) != nullptr) {
        fault("request." + std::string(counted),
              "must be left out with per = \"byte\": it is the payload's size");
    }
}

GovernRule RuleReader::read() {
    for (const auto& [name, value] : *table_.map()) {
        if (std::ranges::find(keys, name) == keys.end()) {
            const auto closest = closest_name(name, keys);
            fault(name, closest ? "is not known; did you mean " + std::string(*closest) + "?"
                                : "is not known; docs/governed-topics.md lists every key");
        }
    }
    const Tree* topic = table_.find("topic");
    if (topic == nullptr || topic->text() == nullptr || !valid_short_text(*topic->text()) ||
        !valid_filter(*topic->text())) {
        must_be("topic", "a topic filter of at most 256 bytes, as \"sensors/#\"");
    } else if (topic->text()->starts_with('$') || topic->text()->starts_with("flyball/")) {
        must_be("topic",
                "a filter of other topics: those that start with $ or flyball/ are never "
                "governed");
    } else {
        rule_.topic = *topic->text();
    }
    read_names("users", rule_.users);
    read_names("client_ids", rule_.client_ids);
    read_tenant();
    read_governor();
    rule_.per = choice("per", per_names) == 1 ? GovernedUnit::byte : GovernedUnit::message;
    rule_.on = choice("on", on_names) == 1 ? GovernedAction::subscribe : GovernedAction::publish;
    rule_.observes = choice("mode", mode_names) == 1;
    rule_.passes_on_error = choice("on_error", passing_names) == 0;
    rule_.passes_unmapped = choice("unmapped", passing_names) == 0;
    if (rule_.on == GovernedAction::subscribe && rule_.per == GovernedUnit::byte) {
        fault("per", "must be \"message\" with on = \"subscribe\": a subscription has no payload");
    }
    read_request();
    return std::move(rule_);
}

std::string tenant_text(const GovernRule& rule) {
    switch (rule.tenant) {
        case GovernedBy::user: return "user";
        case GovernedBy::client_id: return "client_id";
        case GovernedBy::level: return "level:" + std::to_string(rule.level);
    }
    return {};
}

Tree list_of(const std::vector<std::string>& names) {
    return Tree(Tree::List(names.begin(), names.end()));
}

}  // namespace

std::vector<GovernRule> read_govern_rules(const Tree& rules, const Places& places,
                                          std::vector<std::string>& faults) {
    const Tree::List* list = rules.list();
    if (list == nullptr ||
        !std::ranges::all_of(*list, [](const Tree& one) { return one.map() != nullptr; })) {
        faults.push_back(
            govern_fault(places, "govern", "must be a list of tables, each begun by [[govern]]"));
        return {};
    }
    if (list->size() > govern_rules_max) {
        faults.push_back(govern_fault(
            places, "govern", "must be at most 256 rules, not " + std::to_string(list->size())));
        return {};
    }
    std::vector<GovernRule> read;
    for (const Tree& one : *list) {
        const std::string key = "govern[" + std::to_string(read.size()) + "]";
        read.push_back(RuleReader(one, key, places, faults).read());
    }
    return read;
}

std::string govern_text(const std::vector<GovernRule>& rules) {
    std::string out;
    for (const GovernRule& rule : rules) {
        const auto line = [&out](std::string_view key, const Tree& value) {
            out.append(key).append(" = ").append(toml_value(value)).append("\n");
        };
        out.append("\n[[govern]]\n");
        line("topic", rule.topic);
        if (!rule.users.empty()) {
            line("users", list_of(rule.users));
        }
        if (!rule.client_ids.empty()) {
            line("client_ids", list_of(rule.client_ids));
        }
        line("tenant", tenant_text(rule));
        line("governor", rule.governor);
        line("request", rule.request);
        line("per", std::string(per_names[rule.per == GovernedUnit::byte ? 1 : 0]));
        line("on", std::string(on_names[rule.on == GovernedAction::subscribe ? 1 : 0]));
        line("mode", std::string(mode_names[rule.observes ? 1 : 0]));
        line("on_error", std::string(passing_names[rule.passes_on_error ? 0 : 1]));
        line("unmapped", std::string(passing_names[rule.passes_unmapped ? 0 : 1]));
    }
    return out;
}

}  // namespace flyball
