#pragma once
// One rule of a compliance governor: what an attribute must be for some actions. Made from a
// configuration (compliance_settings.h); pure.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/tree.h"
#include "schemas/value.h"

namespace flyball {

enum class ComplianceOp : std::uint8_t { eq, ne, in, not_in, lt, le, gt, ge, prefix, exists };
std::string_view to_text(ComplianceOp op);

struct ComplianceRule {
    std::string id;
    std::vector<std::string> actions;  // none: every action
    std::string attribute;
    ComplianceOp op = ComplianceOp::eq;
    Tree value;                  // as configured; of in and not_in a list of one type
    bool warns = false;          // severity: a violation does not deny
    bool skips_missing = false;  // on_missing

    bool governs(std::string_view action) const;
    // `attribute` is null when the request has none of that name.
    bool violated_by(const Value* attribute) const;
};

}  // namespace flyball
