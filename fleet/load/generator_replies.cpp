// What becomes of requests: answered, or not.

#include <algorithm>

#include "fleet/load/generator.h"

namespace flyball {

namespace {

using nlohmann::json;

constexpr std::size_t again_max = 10'000;     // more is a fleet that is gone
constexpr std::size_t given_up_max = 50'000;  // their late replies are known as such
constexpr std::uint32_t attempts_max = 30;
constexpr std::int64_t again_after_us = 1'000'000;
constexpr std::int64_t repeat_after_us = 50'000;
constexpr std::uint64_t one_in = 100;  // answered ones asked again, as a network may do by itself
constexpr std::size_t reasons_max = 32;

}  // namespace

void Generator::take_replies(LoadLink& link) {
    LoadLink::Arrival arrival;
    while (link.take(arrival)) {
        answered(arrival);
    }
}

LoadCounts Generator::count(const Asked& asked, const json& reply) {
    LoadCounts counts;
    counts.asked = asked.entries;
    const auto one = [&](const json& entry) {
        const std::string decision = checker::text(entry, "decision", "error");
        ++counts.answered;
        counts.denied += decision == "deny" ? 1U : 0U;
        if (decision == "error") {
            ++counts.errors;
            const std::string reason = checker::text(entry, "reason", "unreadable");
            if (figures_.error_reasons.size() < reasons_max ||
                figures_.error_reasons.contains(reason)) {
                ++figures_.error_reasons[reason];
            }
        }
    };
    if (reply.is_array()) {
        std::ranges::for_each(reply, one);
        counts.unanswered = asked.entries - std::min<std::uint64_t>(asked.entries, reply.size());
    } else {
        one(reply);  // of a batch: one error for all
        counts.errors *= asked.entries;
        counts.answered = asked.entries;
    }
    return counts;
}

void Generator::answered(const LoadLink::Arrival& arrival) {
    const std::uint64_t n = arrival.n;
    const auto found = open_.find(n);
    if (found == open_.end()) {
        const std::size_t index = n & 0xffffU;
        if (given_up_.erase(n) > 0 || figures_.given_up_forgotten > 0) {
            ++figures_.late_replies;
        } else if (index < targets_.size() && targets_[index]->checker != nullptr &&
                   schedule_.checked) {
            targets_[index]->checker->answered(n, arrival.reply);  // a second one: a violation
        }
        return;
    }
    Asked asked = std::move(found->second);
    open_.erase(found);
    Target& target = *asked.target;
    if (!asked.abandoned) {
        target.answered += arrival.reply.is_array() ? arrival.reply.size() : 1;
    }
    if (asked.kind == Kind::opening) {
        if (asked.checked && !asked.abandoned && target.checker != nullptr) {
            target.checker->answered(n, arrival.reply);
        }
        opened(asked, arrival.reply);
        return;
    }
    --in_flight_;
    if (asked.abandoned) {
        ++figures_.late_replies;
        unanswered(n, std::move(asked), arrival.arrived_us);
        return;
    }
    if (asked.checked && target.checker != nullptr) {
        target.checker->answered(n, arrival.reply);
    }
    if (asked.kind == Kind::again) {
        ++figures_.retries_answered;
    } else {
        const bool in_fault =
            target.gone || faults_.touches(target.device.region, target.device.node, asked.sent_us,
                                           arrival.arrived_us);
        const std::int64_t us = arrival.arrived_us - asked.due_us;
        target.meter->latency(us);
        target.meter->resolved(count(asked, arrival.reply), in_fault);
        figures_.latency_us.record(us);
        if (!in_fault) {
            figures_.calm_latency_us.record(us);
        }
        figures_.by_type[asked.below.substr(0, asked.below.find('/'))] += asked.entries;
    }
    // One that was asked again after a silence is asked once more: both must have been told the
    // same.
    const bool was_in_doubt = asked.kind == Kind::again && asked.attempts > 0;
    if (asked.checked && asked.request.contains("id") &&
        (was_in_doubt || (asked.kind == Kind::scheduled && draw_.below(one_in) == 0))) {
        asked.attempts = 0;
        again(std::move(asked), arrival.arrived_us + repeat_after_us);
    }
}

void Generator::counted(const std::string& node, const HealthCount& count, std::int64_t wall_ms) {
    const auto found = std::ranges::find_if(targets_, [&](const auto& target) {
        return !target->gone && target->device.name() == node;
    });
    if (found == targets_.end() || (*found)->checker == nullptr) {
        return;
    }
    Target& target = **found;
    if (count.started_at_ms != target.started_at_ms) {  // what was answered before is another's
        target.started_at_ms = count.started_at_ms;
        target.answered = 0;
    } else if (count.at_ms > target.heard_at_ms && target.heard_at_ms > 0) {
        target.checker->check(
            checker::Invariant::all_accounted_for, count.requests >= target.answered_before,
            "health counts " + std::to_string(count.requests) + " requests, and " +
                std::to_string(target.answered_before) + " were answered before");
    } else {
        return;  // it was made before the last one had come
    }
    target.heard_at_ms = wall_ms;
    target.answered_before = target.answered;
}

void Generator::opened(Asked& asked, const json& reply) {
    Target& target = *asked.target;
    --target.opening;
    --openings_in_flight_;
    const std::string trouble = trouble_in(reply);
    if (!trouble.empty() && trouble_.empty()) {
        trouble_ = target.device.name() + " " + asked.below + ": " + trouble;
    }
    if (target.to_open.empty() && target.opening == 0) {
        refresh_ready();
    }
}

void Generator::expire(std::int64_t now_us) {
    const auto over = [&](std::deque<Deadline>& deadlines) {
        while (!deadlines.empty() && deadlines.front().at_us <= now_us) {
            const std::uint64_t n = deadlines.front().n;
            deadlines.pop_front();
            const auto found = open_.find(n);
            if (found == open_.end()) {
                continue;
            }
            Asked asked = std::move(found->second);
            open_.erase(found);
            give_up(n);
            if (asked.kind == Kind::opening) {
                if (asked.checked && !asked.abandoned && asked.target->checker != nullptr) {
                    asked.target->checker->unanswered(n);
                }
                --asked.target->opening;
                --openings_in_flight_;
                if (!asked.target->gone) {
                    asked.target->to_open.push_front({asked.below, std::move(asked.request)});
                }
            } else {
                --in_flight_;
                unanswered(n, std::move(asked), now_us);
            }
        }
    };
    over(deadlines_);
    over(opening_deadlines_);
}

void Generator::give_up(std::uint64_t n) {
    given_up_.insert(n);
    if (given_up_.size() > given_up_max) {
        given_up_.erase(given_up_.begin());
        ++figures_.given_up_forgotten;
    }
}

// No answer within the patience, or one from a node that died in between.
void Generator::unanswered(std::uint64_t n, Asked asked, std::int64_t now_us) {
    Target& target = *asked.target;
    if (asked.checked && target.checker != nullptr) {
        target.checker->unanswered(n);
    }
    if (asked.kind == Kind::scheduled) {
        // One that was taken away on purpose is not held against the others.
        const bool in_fault =
            target.gone || faults_.touches(target.device.region, target.device.node, asked.sent_us,
                                           asked.sent_us + patience_us);
        LoadCounts counts;
        counts.asked = counts.unanswered = asked.entries;
        target.meter->resolved(counts, in_fault);
    }
    if (!asked.checked || !asked.request.contains("id")) {
        return;
    }
    if (asked.attempts < attempts_max) {
        ++asked.attempts;
        again(std::move(asked), now_us + again_after_us);
    } else {
        ++figures_.in_doubt["30 times without an answer"];
    }
}

void Generator::again(Asked asked, std::int64_t at_us) {
    if (again_.size() < again_max) {
        asked.kind = Kind::again;
        again_.emplace(at_us, std::move(asked));
    } else if (asked.attempts > 0) {
        ++figures_.in_doubt["too many to ask again"];
    }
}

LoadFigures Generator::figures() const {
    LoadFigures all = figures_;
    all.seconds = static_cast<double>(ended_us_ - started_us_) / 1e6;
    for (const auto& [region, meter] : meters_) {
        all.regions.push_back(meter.figures());
    }
    all.replies_lost = replies_lost() - lost_before_;
    // What is to be asked once more only to compare is not in doubt.
    const auto waits = [](const auto& row) {
        return row.second.kind == Kind::again && row.second.attempts > 0;
    };
    const auto waiting = std::ranges::count_if(again_, waits) + std::ranges::count_if(open_, waits);
    if (waiting > 0) {
        all.in_doubt["the load ended first"] = static_cast<std::uint64_t>(waiting);
    }
    return all;
}

LiveFigures Generator::live(std::int64_t now_us) const {
    LiveFigures live;
    live.seconds = static_cast<double>(now_us - started_us_) / 1e6;
    for (const auto& [region, meter] : meters_) {
        live.regions.push_back(meter.live());
    }
    live.lateness_p99_us = figures_.lateness_us.percentile(0.99);
    return live;
}

}  // namespace flyball
