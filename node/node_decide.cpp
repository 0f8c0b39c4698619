// The half of Node that decides: at once, or what has waited in the inbox.

#include <algorithm>
#include <new>

#include "node/node.h"
#include "node/node_traffic.h"
#include "transport/memory_left.h"

namespace flyball {

namespace {

constexpr std::size_t breath_messages = 64;  // as many as the slice of a batch between two breaths
constexpr std::int64_t waiting_us_max = 20'000;     // of a turn, for requests that wait
constexpr Span a_moment{50};                        // of a drain that waits for disk or broker
constexpr std::int64_t unsubscribe_us = 1'000'000;  // for the broker to confirm it

// A batch takes some MB while it is decided. Where those would be the last, it is refused: not that
// the MQTT library, which does not survive it, finds none left.
constexpr std::size_t large_bytes = 16 * 1024;
constexpr std::size_t large_takes_bytes = std::size_t{8} << 20U;

}  // namespace

void Node::decide(const Message& message, std::int64_t arrived_us, const ClockSample& begun) {
    if (message.topic == health_topic_) {
        look_at_own_health(message);
        return;
    }
    decide(message, arrived_us, begun, *this);
}

void Node::decide(const Message& message, std::int64_t arrived_us, const ClockSample& begun,
                  EngineHost& host) {
    const Arrival arrival{.waited_us = begun.monotonic_us - arrived_us,
                          .live_retain = transport_->protocol_version() != 4,
                          .clock_known = clock_.status() != ClockStatus::unset};
    try {
        if (message.payload.size() >= large_bytes && !memory_left(large_takes_bytes)) {
            throw std::bad_alloc();  // found out before anything of it is done
        }
        engine_.handle(message, arrival, clock_.advance(begun), host);
    } catch (const ReplyLost&) {
        log_.write_seldom(LogLevel::error, begun.monotonic_us, "out of memory; a reply is lost",
                          {{"topic", message.topic}});
        refusals_.count();
    } catch (const std::bad_alloc&) {
        log_.write_seldom(LogLevel::error, begun.monotonic_us,
                          "out of memory; a request was refused", {{"topic", message.topic}});
        if (&host == this) {  // what others ask for, they answer themselves
            refuse(message);
        }
    }
    const std::int64_t done_us = monotonic_us();
    latency_.record(done_us - arrived_us, done_us);
}

// Not until nothing waits: as long as more arrives than can be decided, that is never, and health
// and the clock have their turn as well.
void Node::decide_waiting() {
    turn_.began_us = monotonic_us();
    Inbox::Waiting& waiting = waitings_[0];
    std::size_t left = settings_.limits.inbox;  // as many as can wait at once
    while (left > 0 && !holds_back() && take(inbox_, waiting, refusals_)) {
        decide(waiting.message, waiting.arrived_us, sample_clock());
        left = monotonic_us() - turn_.began_us < waiting_us_max ? left - 1 : 0;
    }
    if (!holds_back() && !inbox_.empty()) {
        waker_.wake();
    }
}

// What has arrived, with its replies: as long as disk and broker take them, until then. Without the
// lock while it waits: the keeper may need the engine.
void Node::decide_the_rest(std::int64_t until_us) {
    const std::int64_t unsubscribed_by_us = monotonic_us() + unsubscribe_us;
    while (true) {
        // Asked first: what the broker sent before it knew is in the inbox then.
        const bool all_arrived = transport_->await_unsubscribed(Span{0}) ||
                                 monotonic_us() >= std::min(unsubscribed_by_us, until_us);
        bool waits_for_disk = false;
        bool waits_for_broker = false;
        {
            const std::lock_guard lock(owner_);
            release_replies();
            decide_waiting();
            const bool all_done = inbox_.empty() && gate_.empty();
            const bool disk_fails =
                keeper_->health_is_failing() && (inbox_.empty() || gate_.full());
            if ((all_arrived && (all_done || disk_fails)) || monotonic_us() >= until_us) {
                turn_.ended = true;
                keeper_->note(node_change());
                keeper_->end_decision();
                return;
            }
            waits_for_broker = all_done || disk_fails;
            waits_for_disk = inbox_.empty() || gate_.full();
        }
        if (!transport_->has_room()) {
            transport_->flush(a_moment);
        } else if (waits_for_broker) {
            transport_->await_unsubscribed(a_moment);
        } else if (waits_for_disk) {
            pace_->await_turn(a_moment);
        }
    }
}

void Node::breathe() {
    if (!engine_.can_go_deeper()) {
        return;
    }
    // Those that come in are batches with breaths of their own: once the turn's time is over, one
    // at a time, and not below one another.
    const auto may_take = [this](std::size_t taken) {
        const bool in_time = monotonic_us() - turn_.began_us < waiting_us_max;
        return !holds_back() && (in_time ? taken < breath_messages : taken + turn_.depth == 1);
    };
    Inbox::Waiting& waiting = waitings_[++turn_.depth];
    for (std::size_t taken = 0; may_take(taken) && take(inbox_, waiting, refusals_); ++taken) {
        decide(waiting.message, waiting.arrived_us, sample_clock());
    }
    --turn_.depth;
}

}  // namespace flyball
