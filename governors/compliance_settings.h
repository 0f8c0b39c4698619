#pragma once
// The configuration of a compliance governor as its rules use it, read from a Tree with every
// default filled in, and written back. Bounded by 64 rules of 64 actions and 256 values.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "governors/compliance_rule.h"
#include "schemas/duration.h"
#include "schemas/result.h"
#include "schemas/time.h"
#include "schemas/tree.h"

namespace flyball {

// A check's violations are bits of one word.
inline constexpr std::size_t compliance_rules_max = 64;
inline constexpr std::size_t strikes_max = 64;

struct ComplianceSettings {
    std::vector<ComplianceRule> rules;
    std::size_t strikes = 3;
    Span strike_window = std::chrono::days(1);
    bool lockout = false;

    // When strikes make a tenant non-compliant, and until when.
    bool same_strikes(const ComplianceSettings& other) const {
        return strikes == other.strikes && strike_window == other.strike_window &&
               lockout == other.lockout;
    }
};

// An error names the key: "rules[0].op: ...".
Result<ComplianceSettings> read_compliance_settings(const Tree& tree);
Tree compliance_tree(const ComplianceSettings& settings);

}  // namespace flyball
