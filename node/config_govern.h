#pragma once
// The [[govern]] part of a configuration: read with every fault, tried out on the governors it
// names, written as TOML. Used at the start and at a reload, one thread.

#include <string>
#include <string_view>
#include <vector>

#include "node/config.h"
#include "node/govern_rule.h"
#include "schemas/tree.h"

namespace flyball {

// More rules than this are a fault: each costs every publish a comparison.
inline constexpr std::size_t govern_rules_max = 256;

// The rules of one file in their order; what is wrong with them is added to `faults`.
std::vector<GovernRule> read_govern_rules(const Tree& rules, const Places& places,
                                          std::vector<std::string>& faults);

// What needs the rest of the configuration: no rule for the node's own topics, and each rule's
// request put once to a governor like the one it names, as a dry run. Adds to the faults.
void check_govern_rules(Config& config, Instant now);

// For a program that cannot govern topics: a fault when there is a rule.
void refuse_govern_rules(Config& config);

// The sentence with the key ("govern[0].topic") and the closest place that is known in front.
std::string govern_fault(const Places& places, std::string key, std::string_view sentence);

// The rules as a configuration file has them.
std::string govern_text(const std::vector<GovernRule>& rules);

}  // namespace flyball
