// The part of the node that reports: birth, health when due, goodbye, and the watch for another
// node of the same name.
#include <algorithm>

#include "node/node.h"
#include "node/process_stats.h"

namespace flyball {

namespace {

constexpr std::int64_t second_us = 1'000'000;
// After the last sign of another one; longer than a node that was sent away waits to come back.
constexpr std::int64_t name_shared_us = 180 * second_us;

std::int64_t to_us(Span span) {
    return span.count() * 1000;
}

std::string_view text_of(const Value& map, std::string_view name) {
    const Value* key = map.first_child();
    for (std::uint32_t i = 0; i < map.count; ++i) {
        const Value* value = key->next_sibling();
        if (key->text() == name && value->is(Kind::text)) {
            return value->text();
        }
        key = value->next_sibling();
    }
    return {};
}

std::int64_t integer_of(const Value& map, std::string_view name) {
    const Value* key = map.first_child();
    for (std::uint32_t i = 0; i < map.count; ++i) {
        const Value* value = key->next_sibling();
        if (key->text() == name && value->is(Kind::integer)) {
            return value->integer;
        }
        key = value->next_sibling();
    }
    return -1;
}

}  // namespace

void Node::take_link_change() {
    const auto news = link_news_.take();
    if (!news) {
        return;
    }
    const std::string& why = news->why;
    switch (news->state) {
        case LinkState::up:
            if (life_.startup_ms == 0) {
                life_.startup_ms = (monotonic_us() - life_.started_us) / 1000;
            }
            log_.write(LogLevel::notice, "online",
                       {{"broker", transport_->peer()},
                        {"mqtt", transport_->protocol_version() == 5 ? "5" : "3.1.1"}});
            health_.next_us = 0;
            announce();
            break;
        case LinkState::name_taken:
            health_.name_shared_until_us = monotonic_us() + name_shared_us;
            log_.write(LogLevel::error, "another client uses this node's client id",
                       {{"why", why}});
            break;
        case LinkState::down:
            log_.write(LogLevel::warning, "no broker; trying again", {{"why", why}});
            if (const auto hint = clock_hint(why, clock_.status()); !hint.empty()) {
                log_.write(LogLevel::warning, "look at the clock", {{"hint", hint}});
            }
            break;
        case LinkState::connecting: break;
    }
}

std::string_view Node::status() const {
    if (draining_) {
        return "draining";
    }
    const bool degraded = monotonic_us() < health_.name_shared_until_us || clock_.far_behind() ||
                          engine_.registry().down() > 0 || keeper_->health_is_failing() ||
                          keeper_->is_cramped() || governed_.fails(monotonic_us()) ||
                          CertificateWatch::ends_soon(transport_->certificates(), clock_);
    return degraded ? "degraded" : "online";
}

void Node::watch_clock() {
    const std::string_view clock = to_text(clock_.status());
    if (clock == health_.watched_clock) {
        return;
    }
    if (!health_.watched_clock.empty()) {
        log_.write(LogLevel::notice, "clock", {{"from", health_.watched_clock}, {"to", clock}});
        raise({.kind = EventKind::clock_changed,
               .governor = "node",
               .from = health_.watched_clock,
               .to = clock,
               .at = clock_.now()});
    }
    health_.watched_clock = clock;
}

void Node::publish_health_when_due(std::int64_t now_us) {
    if (transport_->link() != LinkState::up) {
        return;
    }
    health_.certificates.tell(transport_->certificates(), clock_, now_us, log_);
    // What a reader must hear of at once, but at most once a second.
    const std::string_view clock = to_text(clock_.status());
    const bool changed = health_.is_due || status() != health_.status || clock != health_.clock;
    const bool due =
        now_us >= health_.next_us || (changed && now_us >= health_.last_us + second_us);
    if (due) {
        publish_health(status());
        health_.tidies = true;
    }
    // What bursts and large messages made buffers grow to, once the copy of our report, which is
    // the largest message of many a node, has been here too.
    if (health_.tidies && now_us >= health_.last_us + second_us) {
        health_.tidies = false;
        engine_.release_buffers();
        inbox_.release_buffers();
        gate_.release_buffers();
        for (Inbox::Waiting& waiting : waitings_) {
            waiting.message = {};
            std::string().swap(waiting.bytes);
        }
        health_decoder_.shrink();
        health_.writer.shrink(0);
        trim_heap();
        trim_stack();
    }
}

Span Node::until_next_duty(std::int64_t now_us) const {
    constexpr Span longest{1000};  // a change of status must be told within a second
    constexpr Span until_written{10};
    Span wait = longest;
    if (const auto due = engine_.next_due()) {
        const Span least = keeper_->lags() ? until_written : Span{0};
        wait = std::clamp(*due - clock_.now(), least, longest);
    }
    if (transport_->link() != LinkState::up) {
        return wait;  // a change of the link wakes this thread
    }
    const std::int64_t wait_us = std::max<std::int64_t>(health_.next_us - now_us, 0);
    wait = std::min(Span{wait_us / 1000 + 1}, wait);
    if (const auto end_us = stages_.next_end_us()) {
        wait = std::clamp(Span{(*end_us - now_us) / 1000 + 1}, Span{0}, wait);
    }
    return wait;
}

void Node::publish_health(std::string_view status) {
    const std::int64_t now_us = monotonic_us();
    write_health_report(status);
    Message report;
    report.topic = health_topic_;
    report.payload = health_.writer.bytes();
    report.qos = Qos::at_least_once;
    report.retain = true;
    report.content_type = "application/json";
    report.utf8_payload = true;
    transport_->publish(report);
    health_.status.assign(status);
    health_.is_due = false;
    health_.clock = to_text(clock_.status());
    health_.last_us = now_us;
    health_.next_us = now_us + to_us(settings_.health_interval);
}

void Node::write_health_report(std::string_view status) {
    if (policy_rev_.empty()) {
        governors_changed();
    }
    const std::int64_t now_us = monotonic_us();
    const ProcessStats process = process_stats();
    const std::string broker = transport_->peer();
    const EngineCounts& counts = engine_.counts();
    const Keeper::Health state = keeper_->health();
    const Instant at = now();
    write_health(health_.writer,
                 {.status = status,
                  .root = settings_.root,
                  .engine = engine_,
                  .latency = latency_,
                  .recent = latency_.recent(now_us),
                  .process = process,
                  .rates = health_.meter.take({.requests = counts.requests,
                                               .errors = counts.errors,
                                               .cpu_us = process.user_us + process.system_us},
                                              now_us),
                  .events = events_,
                  .state = state,
                  .durability = settings_.state.durability,
                  .state_epoch = life_.epoch,
                  .instance = life_.instance,
                  .session = session(),
                  .refused = refusals_.total(),
                  .at = at,
                  .started_at = life_.started_at,
                  .uptime_s = (now_us - life_.started_us) / second_us,
                  .startup_ms = life_.startup_ms,
                  .interval_s = settings_.health_interval.count() / 1000,
                  .clock = to_text(clock_.status()),
                  .clock_offset_ms = clock_.offset().count(),
                  .transport = transport_->name(),
                  .broker = broker,
                  .policy_rev = policy_rev_,
                  .certificates = transport_->certificates(),
                  .governed = governed_});
}

// A birth on this node's topic that this process did not send: somebody has its name.
void Node::look_at_own_health(const Message& message) {
    const Payload payload = health_decoder_.decode(message.payload);
    if (!payload.good() || !payload.root->is(Kind::map) || health_.status.empty()) {
        return;
    }
    const Value& report = *payload.root;
    const bool ours =
        integer_of(report, "started_at") == to_ms(life_.started_at) &&
        (static_cast<std::uint64_t>(integer_of(report, "session")) >> 20U) == life_.epoch;
    if (text_of(report, "status") != "online" || ours) {
        return;
    }
    const std::int64_t now_us = monotonic_us();
    const bool known = now_us < health_.name_shared_until_us;
    health_.name_shared_until_us = now_us + name_shared_us;
    if (known) {
        return;
    }
    transport_->name_disputed();
    log_.write(LogLevel::error, "another node reports health under this node's name",
               {{"topic", health_topic_}, {"hint", "give each node a name of its own"}});
}

}  // namespace flyball
