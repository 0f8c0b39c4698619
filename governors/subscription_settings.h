#pragma once
// The configuration of a subscription governor: plans and how they renew. Faults name the key with
// its dotted path ("plans.std.period") and what would be right.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/duration.h"
#include "schemas/result.h"
#include "schemas/tree.h"

namespace flyball {

inline constexpr std::size_t plans_max = 64;
inline constexpr std::size_t plan_name_bytes_max = 64;

struct SubscriptionPlan {
    std::string name;
    Duration period{.ms = 0, .months = 1};
    Duration trial{.ms = 7 * 86'400'000, .months = 0};  // nothing: no trial
    Span grace{86'400'000};

    bool has_trial() const { return trial != Duration{}; }
};

struct SubscriptionSettings {
    std::string default_plan = "std";
    std::vector<SubscriptionPlan> plans;  // by name
    bool auto_renew = true;
    std::int64_t max_unpaid_periods = 0;  // 0: no bound
    Span notice{3 * 86'400'000};          // before a trial's or a period's end; 0: none

    const SubscriptionPlan* find(std::string_view plan) const;
};

// The default plan, and what `settings` adds to it or replaces whole.
Result<SubscriptionSettings> read_subscription_settings(const Tree& settings);
Tree subscription_settings_tree(const SubscriptionSettings& settings);

}  // namespace flyball
