#include "governors/compliance_rule.h"

#include <algorithm>

#include "schemas/expects.h"
#include "schemas/short_text.h"

namespace flyball {

namespace {

bool same_type(const Tree& wanted, const Value& value) {
    return (wanted.boolean() != nullptr && value.is(Kind::boolean)) ||
           (wanted.integer() != nullptr && value.is(Kind::integer)) ||
           (wanted.text() != nullptr && value.is(Kind::text));
}

// Of the same type and the same.
bool equal(const Tree& wanted, const Value& value) {
    if (!same_type(wanted, value)) {
        return false;
    }
    if (const bool* flag = wanted.boolean()) {
        return *flag == value.boolean;
    }
    if (const std::int64_t* number = wanted.integer()) {
        return *number == value.integer;
    }
    return same_text(*wanted.text(), value.text());
}

bool listed(const Tree::List& wanted, const Value& value) {
    return std::ranges::any_of(wanted, [&](const Tree& one) { return equal(one, value); });
}

// The value is of the rule's type.
bool holds(const ComplianceRule& rule, const Value& value) {
    switch (rule.op) {
        case ComplianceOp::eq: return equal(rule.value, value);
        case ComplianceOp::ne: return !equal(rule.value, value);
        case ComplianceOp::in: return listed(*rule.value.list(), value);
        case ComplianceOp::not_in: return !listed(*rule.value.list(), value);
        case ComplianceOp::lt: return value.integer < *rule.value.integer();
        case ComplianceOp::le: return value.integer <= *rule.value.integer();
        case ComplianceOp::gt: return value.integer > *rule.value.integer();
        case ComplianceOp::ge: return value.integer >= *rule.value.integer();
        case ComplianceOp::prefix: return value.text().starts_with(*rule.value.text());
        case ComplianceOp::exists: break;
    }
    expects(false, "exists is decided without the value");
    return false;
}

}  // namespace

std::string_view to_text(ComplianceOp op) {
    switch (op) {
        case ComplianceOp::eq: return "eq";
        case ComplianceOp::ne: return "ne";
        case ComplianceOp::in: return "in";
        case ComplianceOp::not_in: return "not_in";
        case ComplianceOp::lt: return "lt";
        case ComplianceOp::le: return "le";
        case ComplianceOp::gt: return "gt";
        case ComplianceOp::ge: return "ge";
        case ComplianceOp::prefix: return "prefix";
        case ComplianceOp::exists: return "exists";
    }
    return "";
}

bool ComplianceRule::governs(std::string_view action) const {
    return actions.empty() || std::ranges::any_of(actions, [action](std::string_view one) {
               return same_text(one, action);
           });
}

bool ComplianceRule::violated_by(const Value* attribute_value) const {
    const bool forbidden = op == ComplianceOp::exists && !*value.boolean();
    if (attribute_value == nullptr) {
        return !skips_missing && !forbidden;
    }
    if (op == ComplianceOp::exists) {
        return forbidden;
    }
    const Tree& wanted = value.list() != nullptr ? value.list()->front() : value;
    return !same_type(wanted, *attribute_value) || !holds(*this, *attribute_value);
}

}  // namespace flyball
