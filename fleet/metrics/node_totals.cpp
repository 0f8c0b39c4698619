#include "fleet/metrics/node_totals.h"

namespace flyball {

void NodeTotals::begin_life() {
    for (auto& [decision, total] : decisions_) {
        total.begin_life();
    }
    for (Total& total : latency_) {
        total.begin_life();
    }
    latency_sum_.begin_life();
    journal_error_.clear();
}

void NodeTotals::raise(Decision decision, std::int64_t to) {
    const auto found = decisions_.find(decision);
    if (found != decisions_.end()) {
        found->second.raise(to);
    } else if (decisions_.size() < decisions_max) {
        decisions_[std::move(decision)].raise(to);
    }
}

void NodeTotals::hear(const HealthFacts& facts) {
    const std::int64_t at = facts.at_ms.value_or(at_ms_);
    if (begun_ && facts.started_at_ms == started_at_ms_ && at < at_ms_) {
        return;
    }
    if (begun_ && facts.started_at_ms != started_at_ms_) {
        begin_life();
    }
    begun_ = true;
    started_at_ms_ = facts.started_at_ms;
    at_ms_ = at;
    for (const GovernorFacts& governor : facts.governors) {
        raise({governor.type, governor.name, "allow", ""}, governor.allow);
        raise({governor.type, governor.name, "error", ""}, governor.error);
        std::int64_t named = 0;
        for (const auto& [reason, count] : governor.denied) {
            raise({governor.type, governor.name, "deny", reason}, count);
            named += count;
        }
        if (named < governor.deny) {
            raise({governor.type, governor.name, "deny", "other"}, governor.deny - named);
        }
    }
    if (facts.latency) {
        for (std::size_t i = 0; i < latency_.size(); ++i) {
            latency_[i].raise((*facts.latency)[i]);
        }
        latency_sum_.raise(facts.latency_sum_us);
    }
    if (facts.journal_error != journal_error_) {
        journal_error_ = facts.journal_error;
        journal_errors_ += journal_error_.empty() ? 0 : 1;
    }
}

std::map<NodeTotals::Decision, std::int64_t> NodeTotals::decisions() const {
    std::map<Decision, std::int64_t> values;
    for (const auto& [decision, total] : decisions_) {
        values[decision] = total.value();
    }
    return values;
}

LatencyTotals NodeTotals::latency() const {
    LatencyTotals values{};
    for (std::size_t i = 0; i < values.size(); ++i) {
        values[i] = latency_[i].value();
    }
    return values;
}

}  // namespace flyball
