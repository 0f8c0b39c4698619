#include "fleet/checker/ban_list.h"

namespace flyball::checker {

std::optional<std::string> BanList::take(const Fact& fact, std::uint64_t& checks) {
    if (fact.replayed || !fact.allowed) {
        return std::nullopt;
    }
    const std::string key = key_of(fact.governor, fact.tenant);
    if (fact.op == "forget") {
        tenants_.erase(key);
        return std::nullopt;
    }
    const std::string feature = text(fact.request, "feature");
    const bool features = fact.governor.starts_with("entitlement/");
    if (fact.op == "check" || fact.op == "charge" || fact.op == "hold") {
        ++checks;
        const auto known = tenants_.find(key);
        for (const std::string& what : {std::string(), feature}) {
            if (known != tenants_.end() && known->second.contains(what)) {
                return fact.governor + " " + fact.tenant + ": allowed, after " +
                       known->second.at(what).op + " " + what;
            }
        }
        return std::nullopt;
    }
    if (fact.op == "get") {
        return std::nullopt;
    }
    Bans& bans = tenants_[key];
    if (features && fact.op == "revoke") {
        bans[feature] = {fact.op, fact.n};
    } else if (features && (fact.op == "grant" || fact.op == "clear")) {
        bans.erase(feature);
    } else if (fact.op == "suspend" || fact.op == "pause" ||
               (fact.op == "cancel" && fact.request.contains("at_period_end") &&
                !flag(fact.request, "at_period_end"))) {
        bans[""] = {fact.op, fact.n};
    } else if (fact.op == "resume" || fact.op == "start") {
        bans.erase("");
    }
    if (bans.empty()) {
        tenants_.erase(key);
    }
    return std::nullopt;
}

void BanList::doubt(const std::string& governor, const std::string& tenant) {
    tenants_.erase(key_of(governor, tenant));
}

void BanList::lost_after(std::uint64_t kept) {
    for (auto& [key, bans] : tenants_) {
        std::erase_if(bans, [kept](const auto& ban) { return ban.second.n > kept; });
    }
}

void BanList::forget(const std::string& governor) {
    std::erase_if(tenants_,
                  [&](const auto& row) { return row.first.starts_with(governor + '\n'); });
}

}  // namespace flyball::checker
