#include "node/governor_types.h"

#include <algorithm>
#include <array>
#include <type_traits>

#include "governors/billing.h"
#include "governors/compliance.h"
#include "governors/entitlement.h"
#include "governors/quota.h"
#include "governors/subscription.h"

namespace flyball {

namespace {

template <typename Type>
std::unique_ptr<Rules> make(const RulesContext& context) {
    if constexpr (std::is_constructible_v<Type, const RulesContext&>) {
        return std::make_unique<Type>(context);
    } else {
        return std::make_unique<Type>();
    }
}

// What moves money is remembered longer.
GovernorSettings with_ids(std::size_t capacity) {
    GovernorSettings settings;
    settings.ids_capacity = capacity;
    return settings;
}

}  // namespace

std::span<const GovernorType> governor_types() {
    static const std::array<GovernorType, 5> types = {{
        {"billing", &make<Billing>, with_ids(8192)},
        {"compliance", &make<Compliance>, GovernorSettings{}},
        {"entitlement", &make<Entitlement>, GovernorSettings{}},
        {"quota", &make<Quota>, GovernorSettings{}},
        {"subscription", &make<SubscriptionRules>, GovernorSettings{}},
    }};
    return types;
}

const GovernorType* find_governor_type(std::string_view name) {
    const auto types = governor_types();
    const auto found = std::ranges::find(types, name, &GovernorType::name);
    return found == types.end() ? nullptr : &*found;
}

}  // namespace flyball
