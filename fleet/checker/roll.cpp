#include "fleet/checker/roll.h"

#include <algorithm>
#include <array>

namespace flyball::checker {

namespace {

constexpr const char* itself = "/";  // the account or subscription: no feature's name in the load

// How each type says that it has never heard of somebody.
constexpr std::array<const char*, 3> unknown{"unknown_tenant", "no_subscription", "not_entitled"};
// Each opens an account, or takes one that is open.
constexpr std::array<const char*, 9> of_account{"topup",          "refund",  "set_overage",
                                                "set_rate_limit", "charge",  "hold",
                                                "capture",        "suspend", "resume"};

std::string key_for(const std::string& governor, const std::string& tenant,
                    const std::string& what) {
    return key_of(key_of(governor, tenant), what);
}

}  // namespace

void Roll::clear(const std::string& prefix) {
    for (auto at = known_.lower_bound(prefix);
         at != known_.end() && at->first.starts_with(prefix);) {
        at = known_.erase(at);
    }
}

std::optional<std::string> Roll::missing(const Fact& fact, std::uint64_t& checks) const {
    const bool feature = fact.governor.starts_with("entitlement/");
    if (feature && fact.op != "check") {
        return std::nullopt;
    }
    const std::string what = feature ? text(fact.request, "feature") : itself;
    if (!known_.contains(key_for(fact.governor, fact.tenant, what))) {
        return std::nullopt;
    }
    ++checks;
    const std::string reason = text(fact.reply, "reason");
    const bool denied = text(fact.reply, "decision") == "deny";
    if (!denied || std::ranges::find(unknown, reason) == unknown.end()) {
        return std::nullopt;
    }
    return fact.governor + " " + fact.tenant + ": " + fact.op + (feature ? " " + what : "") +
           " is answered " + reason + ", after it was there";
}

std::optional<std::string> Roll::take(const Fact& fact, std::uint64_t& checks) {
    if (fact.replayed) {
        return std::nullopt;
    }
    if (!fact.allowed) {
        return missing(fact, checks);
    }
    const auto is_there = [&](const std::string& what) {
        known_.try_emplace(key_for(fact.governor, fact.tenant, what), fact.n);
    };
    if (fact.op == "forget") {
        clear(key_of(fact.governor, fact.tenant) + '\n');
    } else if (fact.governor.starts_with("billing/") &&
               std::ranges::find(of_account, fact.op) != of_account.end()) {
        is_there(itself);
    } else if (fact.governor.starts_with("subscription/") &&
               (fact.op == "start" || fact.op == "check")) {
        const auto counted = missing(fact, checks);  // nothing is: it was allowed
        is_there(itself);
        return counted;
    } else if (fact.governor.starts_with("entitlement/") &&
               (fact.op == "grant" || fact.op == "revoke" || fact.op == "clear")) {
        const std::string feature = text(fact.request, "feature");
        known_.erase(key_for(fact.governor, fact.tenant, feature));
        const bool for_good =
            !fact.request.contains("expires_at") && !fact.request.contains("ttl_ms") &&
            !(fact.request.contains("value") && fact.request.at("value") == false);
        if (fact.op == "grant" && for_good) {
            is_there(feature);
        }
    } else {
        return missing(fact, checks);  // counts: this one was there
    }
    return std::nullopt;
}

void Roll::doubt(const std::string& governor, const std::string& tenant, const std::string& op) {
    const bool feature = governor.starts_with("entitlement/");
    if (op == "forget" || (feature && (op == "grant" || op == "revoke" || op == "clear"))) {
        clear(key_of(governor, tenant) + '\n');
    }
}

void Roll::lost_after(std::uint64_t kept) {
    std::erase_if(known_, [kept](const auto& row) { return row.second > kept; });
}

void Roll::forget(const std::string& governor) {
    clear(governor + '\n');
}

}  // namespace flyball::checker
