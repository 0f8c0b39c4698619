#pragma once
// The configuration of an entitlement governor: tiers and what each has. Faults name the key with
// its dotted path ("tiers.pro.seats") and what would be right.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "governors/entitlement_value.h"
#include "schemas/result.h"
#include "schemas/tree.h"

namespace flyball {

inline constexpr std::size_t tiers_max = 64;
inline constexpr std::size_t tier_features_max = 256;

struct EntitlementTier {
    std::string name;
    std::vector<std::pair<std::string, FeatureValue>> features;  // by name
    // Null when the tier has no such feature.
    const FeatureValue* find(std::string_view feature) const;
};

struct EntitlementSettings {
    std::string default_tier = "free";
    std::vector<EntitlementTier> tiers;  // by name
    const EntitlementTier* find(std::string_view tier) const;
};

// The defaults, and what `settings` adds to them or replaces whole.
Result<EntitlementSettings> read_entitlement_settings(const Tree& settings);
Tree entitlement_settings_tree(const EntitlementSettings& settings);

}  // namespace flyball
