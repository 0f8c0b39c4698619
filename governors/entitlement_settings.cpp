#include "governors/entitlement_settings.h"

#include <algorithm>

namespace flyball {

namespace {

Tree::Map default_tiers() {
    return {{"free", Tree::Map{{"basic", true}}},
            {"pro", Tree::Map{{"basic", true}, {"export", true}, {"seats", 25}}}};
}

Error wrong(std::string key, std::string_view expected) {
    return {ErrorCode::usage, std::move(key.append(": ").append(expected))};
}

Result<EntitlementTier> read_tier(const std::string& name, const Tree& tree) {
    const std::string path = "tiers." + name;
    if (!valid_feature_name(name)) {
        return wrong(path,
                     "a tier's name must be 1 to 64 bytes of UTF-8 without control characters");
    }
    const Tree::Map* features = tree.map();
    if (features == nullptr) {
        return wrong(path, "must be a table of features such as { export = true, seats = 3 }");
    }
    if (features->size() > tier_features_max) {
        return wrong(path, "must have at most 256 features");
    }
    EntitlementTier tier{.name = name, .features = {}};
    for (const auto& [feature, value] : *features) {
        const auto read = feature_of(value);
        if (!valid_feature_name(feature)) {
            return wrong(path + "." + feature,
                         "a feature's name must be 1 to 64 bytes of UTF-8 without control "
                         "characters");
        }
        if (!read) {
            return wrong(path + "." + feature,
                         "must be true, false, an integer or a text of at most 1024 bytes");
        }
        tier.features.emplace_back(feature, *read);
    }
    return tier;
}

}  // namespace

const FeatureValue* EntitlementTier::find(std::string_view feature) const {
    const auto found = std::ranges::lower_bound(features, feature, {},
                                                &std::pair<std::string, FeatureValue>::first);
    return found != features.end() && found->first == feature ? &found->second : nullptr;
}

const EntitlementTier* EntitlementSettings::find(std::string_view tier) const {
    const auto found = std::ranges::lower_bound(tiers, tier, {}, &EntitlementTier::name);
    return found != tiers.end() && found->name == tier ? &*found : nullptr;
}

Result<EntitlementSettings> read_entitlement_settings(const Tree& settings) {
    EntitlementSettings read;
    Tree::Map tiers = default_tiers();
    for (const auto& [key, value] : *settings.map()) {
        if (key == "default_tier") {
            if (value.text() == nullptr) {
                return wrong(key, "must be the name of a tier");
            }
            read.default_tier = *value.text();
        } else if (key == "tiers") {
            if (value.map() == nullptr) {
                return wrong(key, "must be a table of tiers");
            }
            for (const auto& [name, tier] : *value.map()) {
                tiers.insert_or_assign(name, tier);
            }
        } else {
            return wrong(key, "unknown; known are default_tier and tiers");
        }
    }
    if (tiers.size() > tiers_max) {
        return wrong("tiers", "must be at most 64");
    }
    for (const auto& [name, tree] : tiers) {
        auto tier = read_tier(name, tree);
        if (!tier) {
            return tier.error();
        }
        read.tiers.push_back(std::move(*tier));
    }
    if (read.find(read.default_tier) == nullptr) {
        return wrong("default_tier", "must be the name of a tier; \"" + read.default_tier +
                                         "\" is not among tiers");
    }
    return read;
}

Tree entitlement_settings_tree(const EntitlementSettings& settings) {
    Tree::Map tiers;
    for (const EntitlementTier& tier : settings.tiers) {
        Tree::Map features;
        for (const auto& [name, value] : tier.features) {
            features.emplace(name, tree_of_feature(value));
        }
        tiers.emplace(tier.name, std::move(features));
    }
    return Tree::Map{{"default_tier", settings.default_tier}, {"tiers", std::move(tiers)}};
}

}  // namespace flyball
