// I3: what a repeated id is told, and for how long it is held against a node.

#include <algorithm>
#include <array>

#include "fleet/checker/checker.h"

namespace flyball::checker {

namespace {

constexpr std::size_t recorded_max = 64;

// What is of the message, not of the op: two requests that differ in nothing else are the same.
constexpr std::array<const char*, 8> common_keys{"id",    "cid",  "reply_to", "ttl_ms",
                                                 "brief", "must", "tenant",   "dry_run"};
// What a repeated id is answered with again.
constexpr std::array<const char*, 5> outcome_keys{"decision", "reason", "seq", "would", "granted"};

std::string outcome_of(const Json& reply) {
    Json outcome = Json::object();
    for (const char* key : outcome_keys) {
        if (const auto found = reply.find(key); found != reply.end()) {
            outcome[key] = *found;
        }
    }
    return shown(outcome);
}

std::size_t content_of(const Json& request, const Json& reply) {
    Json content = request;
    if (const auto ignored = reply.find("ignored"); ignored != reply.end()) {
        for (const Json& name : *ignored) {
            if (name.is_string()) {
                content.erase(name.get<std::string>());
            }
        }
    }
    for (const char* key : common_keys) {
        content.erase(key);
    }
    return std::hash<std::string>{}(shown(content));
}

bool looks(const std::string& governor, const Json& request) {
    const std::string op = text(request, "op", "check");
    if (flag(request, "dry_run") || op == "get" || op == "report") {
        return true;
    }
    if (governor.starts_with("quota/")) {
        return integer(request, "hits", 1) == 0;
    }
    return op == "check" && governor != "admit" && !governor.starts_with("compliance/");
}

}  // namespace

void Checker::check_id(std::uint64_t n, const std::string& governor, const Json& request,
                       const Json& reply) {
    if (!request.contains("id") || looks(governor, request)) {
        return;
    }
    const std::string key =
        key_of(key_of(governor, text(request, "tenant")), shown(request.at("id")));
    Governor& known = governors_[governor];
    const auto found = ids_.find(key);
    const std::string decision = text(reply, "decision");
    const bool error = decision == "error";
    const bool within = found != ids_.end() && !found->second.doubtful &&
                        known.ids - found->second.place < capacity_of(known);
    const std::size_t content = content_of(request, reply);
    if (within && content != found->second.content) {
        if (!passes(Invariant::one_effect_per_id, error)) {
            blame(Invariant::one_effect_per_id,
                  governor + ": another request under the id of one: " + shown(request) +
                      shown(reply));
        }
        return;
    }
    if (error) {
        return;
    }
    if (within) {
        if (!passes(Invariant::one_effect_per_id,
                    flag(reply, "replayed") && outcome_of(reply) == found->second.outcome)) {
            blame(Invariant::one_effect_per_id, governor + ": " + shown(request) + " answered " +
                                                    found->second.outcome + ", then " +
                                                    shown(reply));
        }
        return;
    }
    if (decision == "deny" && reply.contains("retry_after_ms")) {
        return;  // not remembered
    }
    const std::uint64_t place = flag(reply, "replayed") ? known.ids : ++known.ids;
    remember(known, key, {content, outcome_of(reply), n, place, flag(reply, "replayed")});
    if (!flag(reply, "replayed")) {
        known.recorded.emplace_back(n, integer(reply, "at", 0));
        if (known.recorded.size() > recorded_max) {
            known.recorded.pop_front();
        }
    }
}

std::uint64_t Checker::capacity_of(const Governor& governor) const {
    return std::min(governor.ids_capacity, held_to_ids_);
}

// What is beyond the capacity is not looked at again, and goes.
void Checker::remember(Governor& governor, const std::string& key, Remembered remembered) {
    governor.order.emplace_back(key, remembered.place);
    ids_[key] = std::move(remembered);
    while (governor.order.size() > 1 &&
           governor.ids - governor.order.front().second >= capacity_of(governor)) {
        const auto& [oldest, place] = governor.order.front();
        const auto found = ids_.find(oldest);
        if (found != ids_.end() && found->second.place == place) {
            ids_.erase(found);
        }
        governor.order.pop_front();
    }
}

}  // namespace flyball::checker
