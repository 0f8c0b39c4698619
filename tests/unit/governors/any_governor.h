#pragma once
// A governor of each type with small settings, and requests to it that a generator has thrown
// together: most of them make sense to the type, some do not.

#include <rapidcheck.h>

#include <array>
#include <string>
#include <string_view>

#include "tests/unit/governors/asked_governor.h"

namespace flyball {

inline constexpr std::array<std::string_view, 5> type_names = {
    "billing", "compliance", "entitlement", "quota", "subscription"};

// `common`: keys that every type has.
AskedGovernor any_governor(std::string_view type, const Tree::Map& common, std::uint64_t seed,
                           ChangeSink* changes = nullptr);
// The rules of that governor, with no state.
std::unique_ptr<Rules> any_rules(std::string_view type);

// Common keys: small rings, either mode, with a window of ids or without.
Tree::Map any_common();

struct AnyStep {
    Json request;
    bool admin = false;
    Span pause{0};
};
rc::Gen<AnyStep> any_step(const std::string& type);

// The reply, as JSON.
Json perform(AskedGovernor& desk, const AnyStep& step);

}  // namespace flyball
