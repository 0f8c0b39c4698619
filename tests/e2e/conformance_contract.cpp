#include "tests/e2e/conformance_contract.h"

#include <algorithm>

namespace flyball::testing {

namespace {

constexpr Mark r = Mark::request;
constexpr Mark a = Mark::admin;
constexpr Mark c = Mark::node;

constexpr ContractOp ops[] = {
    {"quota", "check", r},
    {"quota", "get", r},
    {"quota", "release", r},
    {"quota", "refund", a},
    {"quota", "reset", a},
    {"quota", "set_limit", a},
    {"quota", "set", a},
    {"quota", "forget", a},
    {"billing", "check", r},
    {"billing", "charge", r},
    {"billing", "hold", r},
    {"billing", "capture", r},
    {"billing", "release", r},
    {"billing", "get", r},
    {"billing", "topup", a},
    {"billing", "refund", a},
    {"billing", "set_overage", a},
    {"billing", "set_rate_limit", a},
    {"billing", "suspend", a},
    {"billing", "resume", a},
    {"billing", "forget", a},
    {"entitlement", "check", r},
    {"entitlement", "get", r},
    {"entitlement", "grant", a},
    {"entitlement", "revoke", a},
    {"entitlement", "clear", a},
    {"entitlement", "set_tier", a},
    {"entitlement", "suspend", a},
    {"entitlement", "resume", a},
    {"entitlement", "forget", a},
    {"compliance", "check", r},
    {"compliance", "get", r},
    {"compliance", "report", r},
    {"compliance", "remediate", a},
    {"compliance", "forget", a},
    {"subscription", "check", r},
    {"subscription", "get", r},
    {"subscription", "start", a},
    {"subscription", "paid", a},
    {"subscription", "payment_failed", a},
    {"subscription", "pause", a},
    {"subscription", "resume", a},
    {"subscription", "cancel", a},
    {"subscription", "change_plan", a},
    {"subscription", "set_auto_renew", a},
    {"subscription", "forget", a},
    {"admit", "check", r},
    {"control", "list", c},
    {"control", "add_governor", c},
    {"control", "remove_governor", c},
    {"control", "history", c},
    {"control", "snapshot", c},
    {"control", "set_time", c},
    {"control", "reload", c},
    {"control", "trace", c},
    {"control", "profile", c},
    {"control", "drain", c},
    {"control", "fault", c},
};

constexpr ContractName reasons[] = {
    {"error", "malformed"},           {"error", "too_large"},
    {"error", "missing_field"},       {"error", "bad_field"},
    {"error", "unknown_op"},          {"error", "not_permitted"},
    {"error", "unknown_governor"},    {"error", "tenant_mismatch"},
    {"error", "tenant_limit"},        {"error", "id_reused"},
    {"error", "bad_reply_topic"},     {"error", "retained"},
    {"error", "unsupported"},         {"error", "governor_down"},
    {"error", "overloaded"},          {"error", "clock_unset"},
    {"quota", "unknown_tenant"},      {"quota", "unknown_resource"},
    {"quota", "exceeds_limit"},       {"quota", "quota_exceeded"},
    {"billing", "unknown_tenant"},    {"billing", "suspended"},
    {"billing", "unknown_hold"},      {"billing", "hold_expired"},
    {"billing", "hold_exists"},       {"billing", "too_many_holds"},
    {"billing", "exceeds_hold"},      {"billing", "insufficient_credit"},
    {"billing", "rate_limited"},      {"entitlement", "unknown_tenant"},
    {"entitlement", "suspended"},     {"entitlement", "revoked"},
    {"entitlement", "expired"},       {"entitlement", "not_entitled"},
    {"compliance", "unknown_tenant"}, {"compliance", "locked_out"},
    {"compliance", "violation"},      {"subscription", "no_subscription"},
    {"subscription", "paused"},       {"subscription", "canceled"},
    {"subscription", "expired"},
};

constexpr ContractName states[] = {
    {"quota", "normal"},           {"quota", "warning"},
    {"quota", "exceeded"},         {"billing", "active"},
    {"billing", "overage"},        {"billing", "suspended"},
    {"entitlement", "entitled"},   {"entitlement", "suspended"},
    {"compliance", "compliant"},   {"compliance", "non_compliant"},
    {"compliance", "remediation"}, {"subscription", "none"},
    {"subscription", "trialing"},  {"subscription", "active"},
    {"subscription", "past_due"},  {"subscription", "paused"},
    {"subscription", "canceling"}, {"subscription", "canceled"},
    {"subscription", "expired"},
};

constexpr ContractName events[] = {
    {"", "state_changed"},  {"", "quota_warning"},    {"", "quota_exceeded"},
    {"", "credit_low"},     {"", "hold_expired"},     {"", "subscription_renewed"},
    {"", "trial_ending"},   {"", "period_ending"},    {"", "resource_restarted"},
    {"", "governor_added"}, {"", "governor_removed"}, {"", "governor_restarted"},
    {"", "governor_down"},  {"", "clock_changed"},    {"", "tenant_forgotten"},
};

}  // namespace

std::span<const ContractOp> contract_ops() {
    return ops;
}

std::span<const ContractName> contract_reasons() {
    return reasons;
}

std::span<const ContractName> contract_states() {
    return states;
}

std::span<const ContractName> contract_events() {
    return events;
}

bool names(std::span<const ContractName> list, std::string_view type, std::string_view name) {
    return std::ranges::any_of(
        list, [&](const ContractName& one) { return one.type == type && one.name == name; });
}

const ContractOp* find_contract_op(std::string_view type, std::string_view name) {
    const auto found = std::ranges::find_if(
        ops, [&](const ContractOp& op) { return op.type == type && op.name == name; });
    return found == std::end(ops) ? nullptr : &*found;
}

}  // namespace flyball::testing
