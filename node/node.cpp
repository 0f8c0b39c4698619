#include "node/node.h"

#include <algorithm>
#include <csignal>
#include <new>
#include <utility>

#include "node/node_traffic.h"
#include "node/service/service_report.h"
#include "schemas/expects.h"

namespace flyball {

namespace {

constexpr Span offline_wait{500};
// For what has arrived to be decided and answered; whoever runs the node kills it after 10 s (a
// container) or 90 s (a service).
constexpr std::int64_t drain_us = 5'000'000;
// Some milliseconds on a small device: so long requests wait when all subscriptions end at once.
constexpr std::size_t timed_steps = 256;

// A refusal tells nothing of the state: it waits for nobody, and comes from any thread.
class StraightOut final : public EngineHost {
public:
    explicit StraightOut(Transport& transport) : transport_(transport) {}
    void send(const Message& message) override { transport_.publish(message); }
    void breathe() override {}
    void reply_topic_refused(std::string_view) override {}

private:
    Transport& transport_;
};

}  // namespace

Result<std::unique_ptr<Node>> Node::make(Options options) {
    auto keeper = std::make_unique<Keeper>(
        std::move(options.disk),
        Keeper::Options{.durability = options.settings.state.durability,
                        .interval = options.settings.state.interval,
                        .max_bytes = options.settings.state.max_bytes,
                        .segment_bytes = options.settings.state.segment_bytes});
    const auto identity = keeper->identify(options.fresh);
    if (!identity) {
        return Error{ErrorCode::state, identity.error().message};
    }
    const ClockSample started = options.started;
    const auto pace = std::move(options.pace);
    std::unique_ptr<Node> node(new Node(std::move(options), std::move(keeper), *identity));
    if (auto recovered = node->recover(started); !recovered) {
        return recovered.error();
    }
    node->pace_ =
        pace ? pace(*node->keeper_, *node) : std::make_unique<KeeperThread>(*node->keeper_);
    return node;
}

Node::Node(Options options, std::unique_ptr<Keeper> keeper, const StateIdentity& identity)
    : settings_(std::move(options.settings)),
      log_(options.log),
      waker_(options.waker),
      transport_(std::move(options.transport)),
      root_text_(settings_.root.text()),
      reread_(std::move(options.reread)),
      inline_bytes_(options.inline_bytes),
      keeper_(std::move(keeper)),
      events_(settings_.root, settings_.events_keep),
      engine_({.root = settings_.root,
               .limits = settings_.limits,
               .reply_prefixes = settings_.mqtt.reply_prefixes,
               .tenant_topics_only = settings_.tenant_topics_only,
               .seed = identity.seed,
               .instance = identity.instance,
               .entropy = options.entropy,
               .keeps_records = settings_.state.durability != Durability::none,
               .events = this,
               .changes = keeper_.get(),
               .admit_ids_capacity = settings_.admit.ids_capacity,
               .admit_id_window = settings_.admit.id_window}),
      control_(engine_, *this,
               {.allow = settings_.control_allow, .allow_faults = settings_.allow_faults}),
      stages_([this](std::string_view line) { publish_trace(line); }),
      clock_(settings_.clock),
      health_decoder_({.entry_values = Limits{}.values}),
      governed_(settings_.root),
      gate_(replies_under_way_bytes(settings_.limits)),
      inbox_(inbox_limits(settings_.limits)),
      life_{.instance = identity.instance, .started_us = options.started.monotonic_us} {
    append_topic(health_topic_, settings_.root, Topic{.channel = Channel::health});
    append_topic(trace_topic_, settings_.root, Topic{.channel = Channel::trace});
    engine_.set_control(&control_);
    governed_.set_rules(settings_.govern);
}

Node::~Node() = default;

int Node::run(Waiter& waiter, ServiceReport& service) {
    start();
    while (!stopping_ && !draining_) {
        Span pause{0};
        {
            const std::lock_guard lock(owner_);
            pause = service.longest_pause(turn());
            service.turn_made({.link = transport_->link(),
                               .attempts = connects_.load(),
                               .status = status(),
                               .broker = settings_.mqtt.broker},
                              monotonic_us());
        }
        const auto signal = waiter.wait(pause, [this] { return !inbox_.empty() && !holds_back(); });
        if (signal) {
            take_signal(*signal, service);
        }
    }
    service.stopping();
    finish();
    return 0;
}

void Node::start() {
    log_.write(
        LogLevel::notice, "starting",
        {{"version", FLYBALL_VERSION}, {"root", root_text_}, {"broker", transport_->peer()}});
    transport_->start(*this);
}

std::optional<Span> Node::try_turn() {
    const std::unique_lock lock(owner_, std::try_to_lock);
    return lock.owns_lock() ? std::optional(turn()) : std::nullopt;
}

Span Node::turn() {
    release_replies();
    decide_waiting();
    if (!keeper_->lags()) {  // nobody waits for what time changes: it may wait for a slow disk
        engine_.pass_time(now(), timed_steps);
    }
    watch_clock();
    watch_keeping();
    end_stages_when_due(monotonic_us());
    take_link_change();
    let_late_events_leave();
    send_events();
    publish_health_when_due(monotonic_us());
    return until_next_duty(monotonic_us());
}

void Node::take_signal(int signal, ServiceReport& service) {
    if (signal == SIGHUP) {
        service.reloading(monotonic_us());
        reread_configuration();
        service.reloaded();
        return;
    }
    log_.write(LogLevel::notice, "stopping",
               {{"signal", signal == SIGTERM ? "SIGTERM" : "SIGINT"}});
    stopping_ = true;
}

void Node::reread_configuration() {
    const std::lock_guard lock(owner_);
    Reloaded reloaded;
    try {
        reloaded = reload(false);
    } catch (const std::bad_alloc&) {
        log_.write(LogLevel::error, "the configuration stays as it was",
                   {{"why", "out of memory"}});
        return;
    }
    for (const std::string& fault : reloaded.faults) {
        log_.write(LogLevel::error, "the configuration stays as it was", {{"why", fault}});
    }
    for (const std::string& key : reloaded.needs_restart) {
        log_.write(LogLevel::warning, "needs a restart", {{"key", key}});
    }
}

void Node::finish() {
    const std::int64_t until_us = monotonic_us() + drain_us;
    transport_->unsubscribe();
    decide_the_rest(until_us);
    pace_->stop();
    {
        const std::lock_guard lock(owner_);
        if (profiling_.asker) {
            answer_profile();
        }
        watch_keeping();  // answers whoever waits for a snapshot
        gate_.release(keeper_->durable(), [this](const Message& reply) {
            publish_reply(*transport_, reply, refusals_);
            return true;
        });
        gate_.drop([this] { refusals_.count(); });
    }
    take_all(inbox_, refusals_, [this](const Message& late) { refuse(late); });
    transport_->flush(Span{std::max<std::int64_t>(until_us - monotonic_us(), 0) / 1000});
    {
        const std::lock_guard lock(owner_);
        if (transport_->link() == LinkState::up) {
            publish_health("offline");
        }
    }
    transport_->flush(offline_wait);
    transport_->stop();
    log_.write(LogLevel::notice, "stopped");
}

// ---- from the transport's threads

void Node::on_message(const Message& message) noexcept {
    if (turn_.ended) {
        refuse(message);
        return;
    }
    if (message.payload.size() <= inline_bytes_ && inbox_.empty()) {
        const std::unique_lock lock(owner_, std::try_to_lock);
        if (lock.owns_lock() && turn_.ended) {
            refuse(message);
            return;
        }
        if (lock.owns_lock() && inbox_.empty() && !holds_back()) {
            const ClockSample arrived = sample_clock();  // with the lock: no later one is known yet
            turn_.began_us = arrived.monotonic_us;
            decide(message, arrived.monotonic_us, arrived);
            return;
        }
    }
    if (!inbox_.put(message, monotonic_us())) {
        refuse(message);
    }
    if (turn_.ended) [[unlikely]] {  // by now: the last look may have been before
        take_all(inbox_, refusals_, [this](const Message& late) { refuse(late); });
    }
    waker_.wake();
}

void Node::on_link(LinkState state, std::string_view why) noexcept {
    link_news_.put(state, why);
    waker_.wake();
}

std::optional<Receiver::Will> Node::will() noexcept {
    connects_.fetch_add(1);
    Writer writer(Encoding::json);
    writer.begin_map();
    writer.field("status", "offline");
    writer.field("region", settings_.root.region);
    writer.field("node", settings_.root.node);
    writer.field("session", session());
    writer.end_map();
    return Will{.topic = health_topic_, .payload = std::string(writer.bytes())};
}

// An answer for what did not fit, at most so many a second; all are counted.
void Node::refuse(const Message& message) {
    if (message.topic == health_topic_) {
        return;  // nobody asked for anything
    }
    if (!refusals_.answers(monotonic_us())) {
        return;
    }
    try {
        StraightOut out(*transport_);
        engine_.refuse_overloaded(message, out);
    } catch (const std::bad_alloc&) {
        return;  // it is counted
    }
}

// ---- from whoever owns the engine

void Node::raise(const Event& event) {
    if (event.kind == EventKind::governor_restarted || event.kind == EventKind::governor_down) {
        log_.write(LogLevel::error, to_text(event.kind),
                   {{"governor", event.governor}, {"thrown", engine_.supervisor().last_failure()}});
    }
    const bool up = transport_->link() == LinkState::up;
    const bool late = !up || events_.has_late();
    if (events_.add(event, late)) {
        events_.reserve();
        keeper_->note(node_change());
    }
    if (late) {
        const EventQueue::Line& line = events_.newest();
        keeper_->note(
            EventChange{.number = line.number, .topic = line.topic, .payload = line.payload});
    } else if (settings_.state.durability == Durability::commit) {
        waker_.wake();  // it leaves after the record of what it tells of, which is not made yet
    } else {
        send_events();
    }
}

void Node::send_events() {
    // With `commit` nobody hears of what a power cut could still take back.
    if (transport_->link() != LinkState::up || keeper_->replies_wait()) {
        return;
    }
    events_.flush(monotonic_us(), [this](std::string_view topic, std::string_view payload) {
        Message message;
        message.topic = topic;
        message.payload = payload;
        message.qos = Qos::at_least_once;
        message.content_type = "application/json";
        message.utf8_payload = true;
        return transport_->publish(message) == Publish::accepted;
    });
}

// A reply leaves after the record of what it tells of, after those before it, and when there is
// room: several batches may be under way, and what is decided is not to be dropped.
void Node::send(const Message& message) {
    const bool waits = keeper_->replies_wait();
    if (!waits && gate_.empty() && transport_->has_room()) {
        publish_reply(*transport_, message, refusals_);
    } else if (!gate_.hold(message, waits ? keeper_->newest() : 0)) {
        refusals_.count();
    }
}

// Overtakes only those that wait for a disk that fails, and for room.
void Node::send_at_once(const Message& message) {
    if (keeper_->health_is_failing()) {
        release_replies();
        publish_reply(*transport_, message, refusals_);
    } else {
        send(message);
    }
}

void Node::reply_topic_refused(std::string_view topic) {
    const std::size_t level = topic.rfind('/');
    const std::string entry(topic.substr(0, level == std::string_view::npos ? level : level + 1));
    log_.write_seldom(LogLevel::warning, monotonic_us(), "reply topic refused",
                      {{"topic", topic},
                       {"hint", valid_publish_topic(topic, reply_topic_bytes_max)
                                    ? "add \"" + entry + "\" to mqtt.reply_prefixes to allow it"
                                    : "no entry of mqtt.reply_prefixes can allow this topic"}});
}

void Node::drain() {
    draining_ = true;
    waker_.wake();
}

void Node::set_time(Instant at) {
    clock_.set_time(at, sample_clock());
    keeper_->note(node_change());
    raise({.kind = EventKind::clock_changed, .governor = "node", .at = at});
    log_.write(LogLevel::notice, "governor time set by control",
               {{"at_ms", std::to_string(to_ms(at))}});
}

Instant Node::now() {
    return clock_.advance(sample_clock());
}

std::uint64_t Node::session() const {
    return (life_.epoch << 20U) + connects_.load();
}

}  // namespace flyball
