#pragma once
// The one table of governor types. A new type is one row here, beside its own files, its test and a
// row in docs/protocol.md.

#include <memory>
#include <span>
#include <string_view>

#include "governors/governor.h"
#include "governors/rules.h"

namespace flyball {

struct GovernorType {
    std::string_view name;
    std::unique_ptr<Rules> (*make)(const RulesContext& context);
    GovernorSettings defaults;
};

std::span<const GovernorType> governor_types();
const GovernorType* find_governor_type(std::string_view name);  // null when there is none

}  // namespace flyball
