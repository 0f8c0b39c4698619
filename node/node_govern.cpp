// The part of the node that says, inside a broker, what ordinary clients may do.

#include <new>
#include <thread>

#include "node/node.h"

namespace flyball {

namespace {

// The keeper has the engine while it copies a governor for a snapshot: milliseconds for 10,000
// tenants, never the time of a disk. Without waiting, 0.8 % of 600,000 messages met it (and 1 of
// them after 20 ms, on a machine with five times the work it has cores for). With durability
// `none`, and when a failed journal begins anew, it copies all governors at once (write_whole()
// says why): there many large ones take longer than this, and what comes meanwhile is not decided.
constexpr std::int64_t patience_us = 50'000;

struct Line {
    LogLevel level = LogLevel::notice;
    std::string_view text{};  // empty: none
};

Line line_about(GovernOutcome outcome) {
    switch (outcome) {
        case GovernOutcome::untouched:
        case GovernOutcome::allowed: break;
        case GovernOutcome::denied: return {LogLevel::notice, "a governor denied a message"};
        case GovernOutcome::failed:
            return {LogLevel::warning, "a governed message could not be decided"};
        case GovernOutcome::unmapped:
            return {LogLevel::notice, "a governed message belongs to no tenant"};
    }
    return {};
}

}  // namespace

bool Node::allows(const GovernedAct& act) {
    if (governed_.size() == 0) {
        return true;
    }
    // False: the engine is not to be had in time, or has all the work that it takes.
    const auto ask = [this](const Message& request, EngineHost& host) {
        const std::int64_t arrived_us = monotonic_us();
        const std::int64_t until_us = arrived_us + patience_us;
        std::unique_lock lock(owner_, std::try_to_lock);
        while (!lock.owns_lock() && governed_.is_patient(arrived_us) && monotonic_us() < until_us) {
            std::this_thread::yield();
            lock.try_lock();
        }
        if (!lock.owns_lock()) {
            governed_.was_busy(monotonic_us());
            return false;
        }
        if (turn_.ended || holds_back()) {
            return false;
        }
        decide(request, arrived_us, sample_clock(), host);
        return true;
    };
    const GovernedTopics::Judgement judged = governed_.judge(act, ask);
    const std::string_view dropped = judged.would_pass ? "no" : judged.passes ? "would be" : "yes";
    const auto log = [&](const Line& line) {
        log_.write_seldom(line.level, monotonic_us(), line.text,
                          {{"topic", judged.rule->topic},
                           {"governor", judged.rule->governor},
                           {"tenant", judged.tenant},
                           {"reason", judged.reason},
                           {"dropped", dropped}});
    };
    // Governors tell of what their tenants cross, not of each denial: of a rule's there is one
    // event a minute. One for which the engine is not to be had now waits for the next denial.
    const auto tell = [this, &judged] {
        const bool publishes = judged.rule->on == GovernedAction::publish;
        const bool titled = judged.rule->governor != "admit";
        const std::unique_lock lock(owner_, std::try_to_lock);
        if (lock.owns_lock() && !turn_.ended &&
            governed_.is_to_tell(*judged.rule, monotonic_us())) {
            governed_.told(*judged.rule, monotonic_us());
            raise({.kind = publishes ? EventKind::publish_denied : EventKind::subscribe_denied,
                   .governor = titled ? std::string_view(judged.rule->governor) : "node",
                   .tenant = judged.tenant,
                   .reason = judged.denial(),
                   .at = now()});
            waker_.wake();
        }
    };
    // The verdict stands, whether there is memory to tell of it or not.
    try {
        if (judged.outcome == GovernOutcome::failed) {
            governed_.failed_at(monotonic_us());
        }
        if (const Line line = line_about(judged.outcome); !line.text.empty()) {
            log(line);
        }
        if (judged.outcome == GovernOutcome::denied) {
            tell();
        }
    } catch (const std::bad_alloc&) {
        governed_.failed_at(monotonic_us());
    }
    return judged.passes;
}

}  // namespace flyball
