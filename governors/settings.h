#pragma once
// Reads the keys that every governor's configuration has; what is left belongs to its type. Faults
// name the key with its dotted path and what would be right.

#include <utility>

#include "governors/governor.h"
#include "schemas/result.h"
#include "schemas/tree.h"

namespace flyball {

// `raw`: one [governor.<type>.<name>] table or an add_governor `config`; `defaults`: the type's.
// Returns the settings and the type's own keys.
Result<std::pair<GovernorSettings, Tree>> split_governor_settings(const Tree& raw,
                                                                  const GovernorSettings& defaults);

}  // namespace flyball
