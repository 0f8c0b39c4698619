#include "fleet/checker/quota_referee.h"

#include <algorithm>

#include "schemas/wide.h"

namespace flyball::checker {

namespace {

constexpr std::size_t history_max = 96;  // older grants only make it stricter

// "90s" and the like; 0 for what it does not know (months).
std::int64_t milliseconds(const std::string& duration) {
    static const std::map<std::string, std::int64_t> units{{"ms", 1},         {"s", 1'000},
                                                           {"m", 60'000},     {"h", 3'600'000},
                                                           {"d", 86'400'000}, {"w", 604'800'000}};
    std::size_t digits = 0;
    const std::int64_t count = std::stoll("0" + duration, &digits);
    const auto unit = units.find(duration.substr(digits - 1));
    return unit == units.end() ? 0 : count * unit->second;
}

}  // namespace

void QuotaReferee::configured(const std::string& governor, const Json& config) {
    clear(governor + '\n');
    const auto resources = config.find("resources");
    if (resources == config.end()) {
        return;
    }
    static const std::map<std::string, Algorithm> algorithms{{"fixed", Algorithm::fixed},
                                                             {"sliding", Algorithm::sliding},
                                                             {"bucket", Algorithm::bucket},
                                                             {"gauge", Algorithm::gauge}};
    for (const auto& [name, settings] : resources->items()) {
        Resource& resource = resources_[key_of(governor, name)];
        resource.algorithm = algorithms.at(text(settings, "algorithm", "fixed"));
        resource.window_ms = milliseconds(text(settings, "window", "0s"));
        resource.limit = integer(settings, "limit", 0);
        if (resource.algorithm == Algorithm::bucket) {
            resource.limit = integer(settings, "burst", resource.limit);
        }
    }
}

void QuotaReferee::clear(const std::string& prefix) {
    for (auto at = histories_.lower_bound(prefix);
         at != histories_.end() && at->first.starts_with(prefix);) {
        at = histories_.erase(at);
    }
}

void QuotaReferee::forget(const std::string& governor) {
    clear(governor + '\n');
    std::erase_if(overrides_,
                  [&](const auto& row) { return row.first.starts_with(governor + '\n'); });
}

void QuotaReferee::forget_all() {
    histories_.clear();
}

// One in doubt is remembered also where none was known: the op may have made it.
void QuotaReferee::unsure(const std::string& prefix) {
    for (auto& [key, override] : overrides_) {
        override.sure = override.sure && !key.starts_with(prefix);
    }
    overrides_[prefix].sure = false;
}

std::int64_t QuotaReferee::limit_of(const std::string& key, const Resource& resource,
                                    const Json& reply) const {
    const auto own = overrides_.find(key);
    const auto of_tenant = overrides_.find(key.substr(0, key.rfind('\n') + 1));
    // What is known of this resource counts before what is known of the tenant.
    const auto known = own == overrides_.end() ? of_tenant : own;
    const bool sure = known == overrides_.end() || known->second.sure;
    if (!sure) {
        return integer(reply, "limit", INT64_MAX / 4);
    }
    return own == overrides_.end() || own->second.limit < 0 ? resource.limit : own->second.limit;
}

void QuotaReferee::doubt(const std::string& governor, const std::string& tenant,
                         const std::string& op) {
    if (op != "check" && op != "get") {
        clear(key_of(governor, tenant) + '\n');
    }
    if (op == "set_limit" || op == "forget") {
        unsure(key_of(governor, tenant) + '\n');
    }
}

void QuotaReferee::lost_after(std::uint64_t kept) {
    for (auto& [key, override] : overrides_) {
        override.sure = override.sure && override.n <= kept;
    }
    for (auto& [key, history] : histories_) {
        // What was given back may be taken again.
        const bool gave = std::ranges::any_of(history, [kept](const Entry& entry) {
            return entry.n > kept && entry.kind != Entry::Kind::grant;
        });
        if (gave) {
            history.clear();
        }
        std::erase_if(history, [kept](const Entry& entry) { return entry.n > kept; });
    }
}

std::optional<std::string> QuotaReferee::take(const Fact& fact, std::uint64_t& checks) {
    if (fact.replayed || !fact.allowed) {
        return std::nullopt;
    }
    if (fact.op == "forget") {
        const std::string prefix = key_of(fact.governor, fact.tenant) + '\n';
        clear(prefix);
        for (auto& [key, override] : overrides_) {
            if (key.starts_with(prefix)) {
                override = {.limit = -1, .n = fact.n};
            }
        }
        return std::nullopt;
    }
    const std::string resource = text(fact.request, "resource", "api_calls");
    const auto known = resources_.find(key_of(fact.governor, resource));
    if (known == resources_.end() || known->second.algorithm == Algorithm::unknown) {
        return std::nullopt;
    }
    const std::string key = key_of(key_of(fact.governor, fact.tenant), resource);
    if (fact.op == "set_limit") {
        const std::int64_t rate = integer(fact.request, "limit", -1);
        const bool bucket = known->second.algorithm == Algorithm::bucket;
        overrides_[key] = {
            .limit = bucket && rate >= 0 ? integer(fact.request, "burst", rate) : rate,
            .n = fact.n};
    }
    History& history = histories_[key];
    Entry entry{.at = fact.at, .amount = integer(fact.request, "hits", 1), .n = fact.n};
    if (fact.op == "refund" || fact.op == "release") {
        entry.kind = Entry::Kind::credit;
    } else if (fact.op == "set") {
        entry.kind = Entry::Kind::set;
        entry.amount = integer(fact.request, "value", 0);
    } else if (fact.op == "reset" || fact.op == "set_limit") {
        entry.kind = Entry::Kind::clear;
    } else if (fact.op != "check") {
        return std::nullopt;
    }
    if (fact.op == "set_limit" && known->second.algorithm != Algorithm::bucket) {
        return std::nullopt;  // what is used stays used
    }
    entry.amount = integer(fact.reply, "granted", entry.amount);
    history.push_back(entry);
    if (history.size() > history_max) {
        history.erase(history.begin());
    }
    const std::int64_t limit = limit_of(key, known->second, fact.reply);
    if (entry.kind != Entry::Kind::grant || entry.amount == 0) {
        return std::nullopt;
    }
    ++checks;
    if (holds(history, known->second, limit)) {
        return std::nullopt;
    }
    return fact.governor + " " + fact.tenant + " " + resource + ": " +
           std::to_string(entry.amount) + " granted at " + std::to_string(fact.at) +
           " are more than the limit of " + std::to_string(limit) + " allows";
}

bool QuotaReferee::holds(const History& history, const Resource& resource, std::int64_t limit) {
    switch (resource.algorithm) {
        case Algorithm::fixed:
        case Algorithm::sliding: return windows_hold(history, resource, limit);
        case Algorithm::bucket: return bucket_holds(history, resource, limit);
        case Algorithm::gauge: return level_holds(history, limit);
        case Algorithm::unknown: break;
    }
    return true;
}

bool QuotaReferee::windows_hold(const History& history, const Resource& resource,
                                std::int64_t limit) {
    const std::int64_t window = resource.window_ms;
    if (window == 0) {
        return true;
    }
    const std::int64_t newest = history.back().at / window;
    Wide previous = 0;
    Wide current = 0;
    for (const Entry& entry : history) {
        const std::int64_t index = entry.at / window;
        Wide& used = index == newest ? current : previous;
        if (index < newest - 1) {
            continue;
        }
        switch (entry.kind) {
            case Entry::Kind::grant: used += entry.amount; break;
            case Entry::Kind::credit: used = std::max<Wide>(0, used - entry.amount); break;
            case Entry::Kind::clear: current = previous = 0; break;
            case Entry::Kind::set: break;
        }
    }
    if (resource.algorithm == Algorithm::fixed) {
        return current <= limit;
    }
    const std::int64_t gone = history.back().at % window;
    return previous * (window - gone) + current * window <= Wide{limit} * window;
}

bool QuotaReferee::bucket_holds(const History& history, const Resource& resource,
                                std::int64_t limit) {
    const Wide full = Wide{limit} * resource.window_ms;
    Wide tokens = full;
    std::int64_t last = history.front().at;
    for (const Entry& entry : history) {
        tokens = std::min(full, tokens + Wide{entry.at - last} * limit);
        last = entry.at;
        const Wide amount = Wide{entry.amount} * resource.window_ms;
        switch (entry.kind) {
            case Entry::Kind::grant: tokens = std::max<Wide>(-1, tokens - amount); break;
            case Entry::Kind::credit: tokens = std::min(full, tokens + amount); break;
            case Entry::Kind::clear: tokens = full; break;
            case Entry::Kind::set: break;
        }
        if (tokens < 0 && &entry != &history.back()) {
            tokens = 0;  // said before, or under another limit
        }
    }
    return tokens >= 0;
}

bool QuotaReferee::level_holds(const History& history, std::int64_t limit) {
    Wide level = 0;
    for (const Entry& entry : history) {
        switch (entry.kind) {
            case Entry::Kind::grant: level += entry.amount; break;
            case Entry::Kind::credit: level = std::max<Wide>(0, level - entry.amount); break;
            case Entry::Kind::clear: level = 0; break;
            case Entry::Kind::set: level = entry.amount; break;
        }
    }
    return level <= limit;
}

}  // namespace flyball::checker
