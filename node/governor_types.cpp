#include "node/governor_types.h"

#include <algorithm>
#include <array>

#include "governors/quota.h"

namespace flyball {

namespace {

template <typename Type>
std::unique_ptr<Rules> make(const RulesContext& /*context*/) {
    return std::make_unique<Type>();
}

}  // namespace

std::span<const GovernorType> governor_types() {
    static const std::array<GovernorType, 1> types = {{
        {"quota", &make<Quota>, GovernorSettings{}},
    }};
    return types;
}

const GovernorType* find_governor_type(std::string_view name) {
    const auto types = governor_types();
    const auto found = std::ranges::find(types, name, &GovernorType::name);
    return found == types.end() ? nullptr : &*found;
}

}  // namespace flyball
