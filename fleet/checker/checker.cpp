#include "fleet/checker/checker.h"

#include <algorithm>
#include <array>
#include <cstdio>

namespace flyball::checker {

namespace {

constexpr std::array<const char*, invariants> names{"",
                                                    "I1 never over-grant",
                                                    "I2 ledger",
                                                    "I3 one effect per id",
                                                    "I4 durable before reply",
                                                    "I5 prefix",
                                                    "I6 replay determinism",
                                                    "I7 numbers rise",
                                                    "I8 errors change nothing",
                                                    "I9 time never back",
                                                    "I10 bounded",
                                                    "I11 audit chain",
                                                    "I12 all accounted for",
                                                    "events rise",
                                                    "bans hold",
                                                    "state back after kill"};

constexpr std::size_t audit_records_max = 64;

constexpr std::array<const char*, 5> admit_parts{"entitlement", "subscription", "compliance",
                                                 "quota", "billing"};
std::string governor_of(const std::string& below) {
    if (below.starts_with("control")) {
        return "node";
    }
    if (below.starts_with("admit/")) {
        return "admit";
    }
    return below.substr(0, below.find('/', below.find('/') + 1));
}

// Calls `visit(title, request of the part, reply of the part)` for each part.
template <typename Visit>
void each_part(const Json& request, const Json& reply, const Visit& visit) {
    static const Json nothing = Json::object();
    for (const char* type : admit_parts) {
        const auto parts = request.find(type);
        if (parts == request.end()) {
            continue;
        }
        const auto replies = reply.find(type);
        const std::size_t count = parts->is_array() ? parts->size() : 1;
        for (std::size_t at = 0; at < count; ++at) {
            const Json& part = parts->is_array() ? parts->at(at) : *parts;
            const bool there =
                replies != reply.end() && (!replies->is_array() || at < replies->size());
            const Json& answer =
                there ? (replies->is_array() ? replies->at(at) : *replies) : nothing;
            visit(std::string(type) + "/" + text(part, "governor", "main"), part, answer);
        }
    }
}

}  // namespace

const char* name_of(Invariant invariant) {
    return names[static_cast<std::size_t>(invariant)];
}

bool Checker::passes(Invariant invariant, bool holds) {
    ++checks_[static_cast<std::size_t>(invariant)];
    return holds;
}

void Checker::blame(Invariant invariant, const std::string& what) {
    ++broken_[static_cast<std::size_t>(invariant)];
    if (violations_.size() < violations_max) {
        violations_.push_back(std::string(name_of(invariant)) + ": " + what);
    }
}

void Checker::check(Invariant invariant, bool holds, const std::string& what) {
    if (!passes(invariant, holds)) {
        blame(invariant, what);
    }
}

void Checker::add_checks(const std::array<std::uint64_t, invariants>& checks) {
    std::ranges::transform(checks_, checks, checks_.begin(), std::plus<>());
}

void Checker::add_counts(const Checker& other) {
    add_checks(other.checks_);
    std::ranges::transform(broken_, other.broken_, broken_.begin(), std::plus<>());
}

std::string Checker::table() const {
    std::string all;
    std::array<char, 96> line{};
    for (std::size_t number = 1; number < invariants; ++number) {
        std::snprintf(line.data(), line.size(), "%-26s %12llu checks %6llu violations\n",
                      names[number], static_cast<unsigned long long>(checks_[number]),
                      static_cast<unsigned long long>(broken_[number]));
        all += line.data();
    }
    return all;
}

void Checker::configured(const std::string& governor, const Json& config) {
    if (governor.starts_with("quota/")) {
        quotas_.configured(governor, config);
    }
    const auto ids = config.find("ids");
    if (ids != config.end()) {
        governors_[governor].ids_capacity =
            static_cast<std::uint64_t>(integer(*ids, "capacity", 1024));
    }
}

void Checker::purged(const std::string& governor) {
    governors_.erase(governor);
    quotas_.forget(governor);
    ledger_.forget(governor);
    bans_.forget(governor);
    roll_.forget(governor);
    std::erase_if(ids_, [&](const auto& row) { return row.first.starts_with(governor + '\n'); });
}

void Checker::asked(std::uint64_t n, const std::string& below, Json payload) {
    open_[n] = {governor_of(below), std::move(payload)};
}

void Checker::answered(std::uint64_t n, const Json& reply) {
    const auto found = open_.find(n);
    if (!passes(Invariant::all_accounted_for, found != open_.end())) {
        blame(Invariant::all_accounted_for,
              "a second reply to message " + std::to_string(n) + ": " + shown(reply));
        return;
    }
    const Open open = std::move(found->second);
    open_.erase(found);
    if (open.governor == "node") {
        look_at_control(open);
        return;
    }
    if (!open.payload.is_array() || !reply.is_array()) {
        entry(n, open, open.payload, reply);
        return;
    }
    if (!passes(Invariant::all_accounted_for, open.payload.size() == reply.size())) {
        blame(Invariant::all_accounted_for, "a batch of " + std::to_string(open.payload.size()) +
                                                " got " + std::to_string(reply.size()) +
                                                " replies");
    }
    for (std::size_t at = 0; at < std::min(open.payload.size(), reply.size()); ++at) {
        entry(n, open, open.payload[at], reply[at]);
    }
}

void Checker::entry(std::uint64_t n, const Open& open, const Json& request, const Json& reply) {
    check_id(n, open.governor, request, reply);
    if (text(reply, "decision") == "error") {
        return;
    }
    check_number(open.governor, reply);
    check_time(open.governor, reply);
    take_facts(n, open, request, reply);
}

void Checker::check_number(const std::string& governor, const Json& reply) {
    const auto seq = static_cast<std::uint64_t>(integer(reply, "seq", 0));
    if (flag(reply, "replayed")) {
        return;
    }
    std::uint64_t& last = governors_[governor].seq;
    if (!passes(Invariant::numbers_rise, seq > last)) {
        blame(Invariant::numbers_rise,
              governor + ": seq " + std::to_string(seq) + " after " + std::to_string(last));
    }
    last = std::max(last, seq);
}

void Checker::check_time(const std::string& governor, const Json& reply) {
    const std::int64_t at = integer(reply, "at", 0);
    std::int64_t& last = governors_[governor].at;
    if (!passes(Invariant::time_never_back, at >= last)) {
        blame(Invariant::time_never_back,
              governor + ": at " + std::to_string(at) + " after " + std::to_string(last));
    }
    last = std::max(last, at);
}

// A chain only grows, and what it said once it says for ever.
void Checker::check_audit(std::uint64_t n, const std::string& governor, const Json& own) {
    const auto audit = own.find("audit");
    if (audit == own.end()) {
        return;
    }
    const auto seq = static_cast<std::uint64_t>(integer(*audit, "seq", 0));
    auto& chain = governors_[governor].audit;
    const std::uint64_t last = chain.empty() ? 0 : chain.rbegin()->first;
    if (!passes(Invariant::audit_chain, seq > last)) {
        blame(Invariant::audit_chain, governor + ": audit record " + std::to_string(seq) +
                                          " after " + std::to_string(last));
    }
    chain[seq] = {text(*audit, "hash"), n};
    if (chain.size() > audit_records_max) {
        chain.erase(chain.begin());
    }
}

void Checker::take_facts(std::uint64_t n, const Open& open, const Json& request,
                         const Json& reply) {
    if (flag(request, "dry_run")) {
        return;
    }
    const std::string tenant = text(request, "tenant");
    const bool allowed = flag(reply, "allowed") && !reply.contains("would");
    const bool replayed = flag(reply, "replayed");
    const std::int64_t at = integer(reply, "at", 0);
    if (open.governor != "admit") {
        check_audit(n, open.governor, reply);
        take_fact({n, open.governor, tenant, text(request, "op", "check"), request, reply, at,
                   allowed, replayed});
        return;
    }
    each_part(request, reply, [&](const std::string& title, const Json& part, const Json& answer) {
        check_audit(n, title, answer);
        const char* op = title.starts_with("billing/") ? "charge" : "check";
        take_fact({n, title, tenant, op, part, answer, at, allowed, replayed});
    });
}

void Checker::take_fact(const Fact& fact) {
    const auto judge = [&](Invariant invariant, auto& model) {
        auto& checks = checks_[static_cast<std::size_t>(invariant)];
        if (const auto wrong = model.take(fact, checks)) {
            blame(invariant, *wrong);
        }
    };
    judge(Invariant::state_back, roll_);
    if (fact.governor.starts_with("quota/")) {
        judge(Invariant::never_over_grant, quotas_);
    } else if (fact.governor.starts_with("billing/")) {
        judge(Invariant::ledger, ledger_);
        judge(Invariant::bans_hold, bans_);
    } else {
        judge(Invariant::bans_hold, bans_);
    }
}

void Checker::doubt(const Open& open, const Json& request) {
    const std::string tenant = text(request, "tenant");
    const auto one = [&](const std::string& governor, const std::string& op) {
        quotas_.doubt(governor, tenant, op);
        ledger_.doubt(governor, tenant);
        bans_.doubt(governor, tenant);
        roll_.doubt(governor, tenant, op);
    };
    if (request.contains("id")) {
        ++governors_[open.governor].ids;
    }
    if (open.governor == "admit") {
        each_part(request, Json::object(),
                  [&](const std::string& title, const Json&, const Json&) { one(title, "check"); });
    } else {
        one(open.governor, text(request, "op", "check"));
    }
}

void Checker::unanswered(std::uint64_t n) {
    const auto found = open_.find(n);
    if (found == open_.end()) {
        return;
    }
    const Open open = std::move(found->second);
    open_.erase(found);
    if (open.governor == "node") {
        look_at_control(open);
    } else if (open.payload.is_array()) {
        std::ranges::for_each(open.payload, [&](const Json& each) { doubt(open, each); });
    } else {
        doubt(open, open.payload);
    }
}

void Checker::ended(std::uint64_t kept) {
    while (!open_.empty()) {
        unanswered(open_.begin()->first);
    }
    quotas_.lost_after(kept);
    ledger_.lost_after(kept);
    bans_.lost_after(kept);
    roll_.lost_after(kept);
    for (auto& [key, remembered] : ids_) {
        remembered.doubtful = remembered.doubtful || remembered.n > kept;
    }
    for (auto& [title, governor] : governors_) {
        std::erase_if(governor.recorded, [kept](const auto& row) { return row.first > kept; });
        governor.at = governor.recorded.empty() ? 0 : governor.recorded.back().second;
        std::erase_if(governor.audit, [kept](const auto& row) { return row.second.second > kept; });
    }
}

void Checker::settled(std::uint64_t counted) {
    const std::string one = open_.empty() ? "" : ": " + shown(open_.begin()->second.payload);
    check(Invariant::all_accounted_for, open_.size() <= counted,
          one + " " + std::to_string(open_.size()) + " messages without a reply, of which " +
              std::to_string(counted) + " were counted");
}

void Checker::told(const Json& event) {
    const auto number = static_cast<std::uint64_t>(integer(event, "n", 0));
    check(Invariant::events_rise, number > event_,
          "event " + std::to_string(number) + " after " + std::to_string(event_));
    event_ = std::max(event_, number);
}

// Its reply comes in the order of decisions: what was decided before has been heard of.
void Checker::look_at_control(const Open& open) {
    if (text(open.payload, "op") != "set_time") {
        return;
    }
    quotas_.forget_all();
    for (auto& [title, governor] : governors_) {
        governor.at = 0;
        governor.recorded.clear();
    }
}

}  // namespace flyball::checker
