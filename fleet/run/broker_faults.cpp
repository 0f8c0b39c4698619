#include "fleet/run/broker_faults.h"

#include <algorithm>

namespace flyball {

namespace {

Span between(Deadline from, Deadline to) {
    return std::chrono::duration_cast<Span>(to - from);
}

// Who has not come back since the end before still has to.
void merge(BrokerFaults::Sessions& sessions, const BrokerFaults::Sessions& connected) {
    for (const auto& [name, session] : connected) {
        const auto known = std::ranges::find_if(
            sessions, [&](const auto& row) { return row.first.text() == name.text(); });
        if (known == sessions.end()) {
            sessions.emplace_back(name, session);
        } else {
            known->second = session;
        }
    }
}

}  // namespace

BrokerFaults::Fault* BrokerFaults::find(const std::string& broker) {
    const auto fault = std::ranges::find(faults_, broker, &Fault::broker);
    return fault == faults_.end() ? nullptr : &*fault;
}

bool BrokerFaults::ends(const std::string& broker, const Sessions& connected, Deadline now) {
    Fault* const known = find(broker);
    if (known == nullptr) {
        faults_.push_back({.broker = broker, .sessions = connected, .began = now, .ended = now});
        return true;
    }
    if (known->is_up) {
        known->is_up = false;
        known->ended = now;
        merge(known->sessions, connected);
    }
    return false;
}

void BrokerFaults::noticed(const std::string& broker, Deadline now) {
    Fault* const fault = find(broker);
    if (fault != nullptr && fault->detect < Span(0)) {
        fault->detect = between(fault->began, now);
    }
}

void BrokerFaults::up(const std::string& broker) {
    if (Fault* const fault = find(broker)) {
        fault->is_up = true;
    }
}

std::vector<FaultOver> BrokerFaults::over(const IsBack& is_back, Deadline now) {
    std::vector<FaultOver> all;
    std::erase_if(faults_, [&](const Fault& fault) {
        const bool back = std::ranges::all_of(
            fault.sessions, [&](const auto& row) { return is_back(row.first, row.second); });
        if (!fault.is_up || (!back && between(fault.ended, now) <= patience)) {
            return false;
        }
        const Span detect = std::max(fault.detect, Span(0));
        all.push_back({fault.broker, "broker", detect, between(fault.began, now) - detect});
        return true;
    });
    return all;
}

}  // namespace flyball
