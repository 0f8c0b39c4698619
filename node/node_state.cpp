// The half of Node that has to do with its state on disk: the start from it, replies that wait for
// it, what is told of it.

#include <utility>

#include "node/node.h"
#include "node/node_traffic.h"

namespace flyball {

namespace {

constexpr std::int64_t second_us = 1'000'000;
constexpr std::int64_t time_every_us = 60 * second_us;
constexpr std::size_t snapshot_askers_max = 64;

std::deque<EventQueue::Line> lines_of(std::deque<KeptEvent>& kept) {
    std::deque<EventQueue::Line> lines;
    for (KeptEvent& event : kept) {
        lines.push_back({.number = event.number,
                         .topic = std::move(event.topic),
                         .payload = std::move(event.payload),
                         .late = true});
    }
    return lines;
}

}  // namespace

// From the state folder to a node that may answer: its governors, its time, its numbers, and a
// record of this start on disk before anybody is answered.
Result<void> Node::recover(const ClockSample& started) {
    Recovery recovery(engine_);
    std::int64_t next_word_us = monotonic_us() + second_us;
    const auto progress = [&](std::uint64_t records) {
        if (monotonic_us() >= next_word_us) {
            next_word_us += second_us;
            log_.write(LogLevel::notice, "recovering",
                       {{"records_so_far", std::to_string(records)}});
        }
    };
    const auto recovered = keeper_->recover(engine_, recovery, progress);
    if (!recovered) {
        return Error{ErrorCode::state, recovered.error().message};
    }
    for (const std::string& fault : recovered->faults) {
        log_.write(LogLevel::error, "state that does not check out", {{"what", fault}});
        keeper_->remember_fault(fault);
    }
    for (const std::string& warning : recovered->warnings) {
        log_.write(LogLevel::warning, warning);
    }
    if (recovered->lost) {
        log_.write(LogLevel::error, "no sound state is left; beginning with none");
        if (settings_.state.on_loss == OnLoss::stop) {
            return Error{ErrorCode::internal,
                         "no sound state is left, and state.on_loss is \"stop\": restore a backup "
                         "or move the state folder away"};
        }
    }
    take_up(recovery, *recovered);
    if (recovery.latest() != Instant{}) {
        clock_.resume(recovery.latest(), started);
    }
    life_.started_at = clock_.advance(started);
    Registry& registry = engine_.registry();
    const auto faults =
        recovery.node().epoch == 0
            ? registry.add_configured(settings_.configured_governors(), life_.started_at)
            : registry.reload(settings_.configured_governors(), life_.started_at);
    if (!faults.empty()) {
        return Error{ErrorCode::usage, settings_.places_of(faults).front()};
    }
    policy_rev_ = registry.policy_rev();
    keeper_->note(node_change());
    keeper_->end_decision();
    if (auto begun = keeper_->start(*this); !begun) {
        return Error{ErrorCode::state, begun.error().message};
    }
    return {};
}

void Node::turn_wanted() noexcept {
    if (pace_ != nullptr) {
        pace_->wake();
    }
}

void Node::take_up(Recovery& recovery, const StateStore::Recovered& recovered) {
    life_.epoch = recovery.node().epoch + 1;
    life_.announced = recovery.node().announced;
    events_.restore(recovery.node().events_reserved, lines_of(recovery.events()));
    events_.reserve();
    if (recovery.found_any() && !recovery.clean_end()) {
        recovery.reserve(*keeper_);
    }
    if (recovery.node().epoch > 0) {
        log_.write(LogLevel::notice, "state recovered",
                   {{"records", std::to_string(recovered.records)},
                    {"starts", std::to_string(life_.epoch)},
                    {"clean", recovery.clean_end() ? "yes" : "no"}});
    }
}

void Node::with_engine(const std::function<void(Engine&)>& use) {
    const std::lock_guard lock(owner_);
    use(engine_);
}

NodeChange Node::node_change() {
    return {.epoch = life_.epoch,
            .at = clock_.last_good().value_or(Instant{}),
            .events_reserved = turn_.ended ? events_.number() : events_.reserved(),
            .clean_end = turn_.ended,
            .keeps_decisions = settings_.state.durability != Durability::none,
            .admit_ids = settings_.admit.ids_capacity,
            .announced = life_.announced};
}

std::vector<KeptEvent> Node::kept_events() {
    std::vector<KeptEvent> kept;
    for (const EventQueue::Line& line : events_.waiting()) {
        // The others leave at once or, when this run is killed, never.
        if ((line.late || turn_.ended) && line.number > keeping_.leaving) {
            kept.push_back({.number = line.number, .topic = line.topic, .payload = line.payload});
        }
    }
    return kept;
}

void Node::release_replies() {
    gate_.release(keeper_->durable(), [this](const Message& reply) {
        const bool goes = transport_->has_room();
        if (goes) {
            publish_reply(*transport_, reply, refusals_);
        }
        return goes;
    });
}

// What the keeper has to tell: in the log when it changes, to whoever asked for a snapshot.
void Node::watch_keeping() {
    const bool failing = keeper_->health_is_failing();
    if (failing != std::exchange(keeping_.failing, failing)) {
        if (failing) {
            log_.write(LogLevel::error, "the state cannot be written; trying again",
                       {{"why", keeper_->health().last_error}});
        } else {
            log_.write(LogLevel::notice, "the state is written again");
        }
    }
    if (const std::string warning = keeper_->take_warning(); !warning.empty()) {
        log_.write(LogLevel::warning, warning);
    }
    if (!keeping_.askers.empty()) {
        answer_snapshots();
    }
    keep_time(monotonic_us());
    keeper_->end_decision();  // what came of the clock alone
}

// What is noted as sent and then lost by a kill is skipped; the other way round it would come
// twice.
void Node::let_late_events_leave() {
    if (keeping_.leaving > events_.leaving() && keeper_->durable() >= keeping_.leaving_record) {
        events_.let_leave(keeping_.leaving);
    }
    if (keeping_.leaving > events_.leaving() || keeper_->health_is_failing()) {
        return;
    }
    if (const auto last = events_.next_to_leave()) {
        keeper_->note(EventChange{.number = *last});
        keeper_->end_decision();
        keeping_.leaving = *last;
        keeping_.leaving_record = keeper_->newest();
    }
}

// So that a clock that is not set after a power cut does not take time back.
void Node::keep_time(std::int64_t now_us) {
    if (now_us >= keeping_.next_time_us && !keeper_->health_is_failing()) {
        keeping_.next_time_us = now_us + time_every_us;
        keeper_->note(node_change());
    }
}

void Node::snapshot(Deferred asker) {
    if (keeping_.askers.size() == snapshot_askers_max) {
        answer_later(asker, [](Writer& writer) {
            writer.field("decision", "error");
            writer.field("allowed", false);
            writer.field("reason", "overloaded");
        });
        return;
    }
    const Keeper::Health health = keeper_->health();
    keeping_.snapshots = health.snapshots;
    keeping_.snapshots_too_large = health.snapshots_too_large;
    keeping_.askers.push_back(std::move(asker));
    keeper_->want_snapshot();
}

void Node::answer_snapshots() {
    const Keeper::Health health = keeper_->health();
    const bool made = health.snapshots != keeping_.snapshots;
    const bool too_large = health.snapshots_too_large != keeping_.snapshots_too_large;
    if (!made && !too_large && !health.failing) {
        return;
    }
    for (const Deferred& asker : std::exchange(keeping_.askers, {})) {
        answer_later(asker, [&](Writer& writer) {
            if (health.failing || !made) {
                writer.field("decision", "error");
                writer.field("allowed", false);
                writer.field("reason", "overloaded");
                writer.field("message", std::string_view(health.last_error));
                return;
            }
            writer.field("decision", "ok");
            writer.field("allowed", true);
            writer.field("at", to_ms(clock_.now()));
            writer.field("bytes", health.sizes.snapshot_bytes);
            writer.field("memory_bytes", health.sizes.memory_bytes);
        });
    }
}

}  // namespace flyball
