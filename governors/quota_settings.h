#pragma once
// The `resources` of a quota's configuration, read and written. Faults name the key with its dotted
// path ("resources.api_calls.window") and what would be right.

#include <string_view>
#include <vector>

#include "governors/quota_meter.h"
#include "schemas/result.h"
#include "schemas/tree.h"

namespace flyball {

// Each costs a map entry of configuration and 24 bytes per tenant that uses it.
inline constexpr std::size_t quota_resources_max = 256;

std::string_view to_text(QuotaAlgorithm algorithm);

// The defaults, and what `settings` adds to them or replaces whole; sorted by name.
Result<std::vector<QuotaRule>> read_quota_rules(const Tree& settings);

// One resource with every default filled in.
Tree quota_rule_tree(const QuotaRule& rule);

}  // namespace flyball
