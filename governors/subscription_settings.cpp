#include "governors/subscription_settings.h"

#include <algorithm>
#include <optional>

#include "schemas/utf8.h"

namespace flyball {

namespace {

constexpr std::int64_t shortest_period_ms = 1'000;

Error wrong(std::string key, std::string_view expected) {
    return {ErrorCode::usage, std::move(key.append(": must be ").append(expected))};
}

std::optional<Duration> duration_of(const Tree& tree) {
    return tree.text() == nullptr ? std::nullopt : parse_duration(*tree.text());
}

// Not in months: what is counted from any moment has one length.
std::optional<Span> span_of(const Tree& tree) {
    const auto duration = duration_of(tree);
    return duration && duration->months == 0 && duration->ms >= 0
               ? std::optional(Span{duration->ms})
               : std::nullopt;
}

Result<SubscriptionPlan> read_plan(const std::string& name, const Tree& tree) {
    const std::string path = "plans." + name;
    if (name.empty() || name.size() > plan_name_bytes_max || !valid_utf8(name) ||
        has_control_character(name)) {
        return wrong(path, "named in 1 to 64 bytes of UTF-8 without control characters");
    }
    if (tree.map() == nullptr) {
        return wrong(path, "a table such as { period = \"1mo\", trial = \"7d\", grace = \"1d\" }");
    }
    SubscriptionPlan plan;
    plan.name = name;
    for (const auto& [key, value] : *tree.map()) {
        const std::string key_path = path + "." + key;
        if (key == "period") {
            const auto period = duration_of(value);
            if (!period || (period->months <= 0 && period->ms < shortest_period_ms)) {
                return wrong(key_path, "a duration of at least 1s, such as \"1mo\"");
            }
            plan.period = *period;
        } else if (key == "trial") {
            const auto trial = duration_of(value);
            if (!trial || trial->ms < 0 || trial->months < 0) {
                return wrong(key_path, "a duration such as \"7d\"; \"0s\" is no trial");
            }
            plan.trial = *trial;
        } else if (key == "grace") {
            const auto grace = span_of(value);
            if (!grace) {
                return wrong(key_path, "a duration such as \"1d\", not in months");
            }
            plan.grace = *grace;
        } else {
            return Error{ErrorCode::usage, key_path + ": unknown; known are period, trial, grace"};
        }
    }
    return plan;
}

Result<bool> read_key(const std::string& key, const Tree& value, SubscriptionSettings& read,
                      Tree::Map& plans) {
    if (key == "default_plan") {
        if (value.text() == nullptr) {
            return wrong(key, "the name of a plan");
        }
        read.default_plan = *value.text();
    } else if (key == "auto_renew") {
        if (value.boolean() == nullptr) {
            return wrong(key, "true or false");
        }
        read.auto_renew = *value.boolean();
    } else if (key == "max_unpaid_periods") {
        if (value.integer() == nullptr || *value.integer() < 0) {
            return wrong(key, "an integer of at least 0; 0 is no bound");
        }
        read.max_unpaid_periods = *value.integer();
    } else if (key == "notice") {
        const auto notice = span_of(value);
        if (!notice) {
            return wrong(key, "a duration such as \"3d\", not in months; \"0s\" is no notice");
        }
        read.notice = *notice;
    } else if (key == "plans") {
        if (value.map() == nullptr) {
            return wrong(key, "a table of plans");
        }
        for (const auto& [name, plan] : *value.map()) {
            plans.insert_or_assign(name, plan);
        }
    } else {
        return Error{ErrorCode::usage, key +
                                           ": unknown; known are default_plan, plans, auto_renew, "
                                           "max_unpaid_periods, notice"};
    }
    return true;
}

}  // namespace

const SubscriptionPlan* SubscriptionSettings::find(std::string_view plan) const {
    const auto found = std::ranges::lower_bound(plans, plan, {}, &SubscriptionPlan::name);
    return found != plans.end() && found->name == plan ? &*found : nullptr;
}

Result<SubscriptionSettings> read_subscription_settings(const Tree& settings) {
    SubscriptionSettings read;
    Tree::Map plans{{"std", Tree::Map{}}};
    for (const auto& [key, value] : *settings.map()) {
        if (auto done = read_key(key, value, read, plans); !done) {
            return done.error();
        }
    }
    if (plans.size() > plans_max) {
        return wrong("plans", "at most 64");
    }
    for (const auto& [name, tree] : plans) {
        auto plan = read_plan(name, tree);
        if (!plan) {
            return plan.error();
        }
        read.plans.push_back(std::move(*plan));
    }
    if (read.find(read.default_plan) == nullptr) {
        return wrong("default_plan",
                     "the name of a plan; \"" + read.default_plan + "\" is not among plans");
    }
    return read;
}

Tree subscription_settings_tree(const SubscriptionSettings& settings) {
    Tree::Map plans;
    for (const SubscriptionPlan& plan : settings.plans) {
        plans.emplace(plan.name, Tree::Map{{"period", format_duration(plan.period)},
                                           {"trial", format_duration(plan.trial)},
                                           {"grace", format_duration({.ms = plan.grace.count()})}});
    }
    return Tree::Map{{"default_plan", settings.default_plan},
                     {"plans", std::move(plans)},
                     {"auto_renew", settings.auto_renew},
                     {"max_unpaid_periods", settings.max_unpaid_periods},
                     {"notice", format_duration({.ms = settings.notice.count()})}};
}

}  // namespace flyball
