#include "node/node.h"

#include <csignal>
#include <utility>

#include "schemas/expects.h"

namespace flyball {

namespace {

// Longer payloads are decided on the node's thread: they must not hold up the transport's.
constexpr std::size_t inline_payload_bytes = 4096;
constexpr std::uint32_t refusals_per_second = 100;
constexpr std::int64_t second_us = 1'000'000;
constexpr std::size_t breath_messages = 64;  // as many as the slice of a batch between two breaths
constexpr Span offline_wait{500};

}  // namespace

Result<std::unique_ptr<Node>> Node::make(Options options) {
    std::unique_ptr<Node> node(new Node(std::move(options)));
    const auto faults = node->engine_.registry().add_configured(
        node->settings_.configured_governors(), node->started_at_);
    if (!faults.empty()) {
        return Error{ErrorCode::usage, node->settings_.places_of(faults).front()};
    }
    node->policy_rev_ = node->engine_.registry().policy_rev();
    return node;
}

Node::Node(Options options)
    : settings_(std::move(options.settings)),
      log_(options.log),
      waiter_(std::move(options.waiter)),
      transport_(std::move(options.transport)),
      root_text_(settings_.root.text()),
      reread_(std::move(options.reread)),
      events_(settings_.root, settings_.events_keep),
      engine_({.root = settings_.root,
               .limits = settings_.limits,
               .reply_prefixes = settings_.mqtt.reply_prefixes,
               .tenant_topics_only = settings_.tenant_topics_only,
               .seed = options.seed,
               .instance = options.instance,
               .entropy = options.entropy,
               .events = this,
               .admit_ids_capacity = settings_.admit.ids_capacity,
               .admit_id_window = settings_.admit.id_window}),
      control_(engine_, *this,
               {.allow = settings_.control_allow, .allow_faults = settings_.allow_faults}),
      stages_([this](std::string_view line) { publish_trace(line); }),
      clock_(settings_.clock),
      health_decoder_({.entry_values = Limits{}.values}),
      inbox_({.messages_max = settings_.limits.inbox}),
      instance_(options.instance),
      started_us_(options.started.monotonic_us) {
    append_topic(health_topic_, settings_.root, Topic{.channel = Channel::health});
    append_topic(trace_topic_, settings_.root, Topic{.channel = Channel::trace});
    engine_.set_control(&control_);
    started_at_ = clock_.advance(options.started);
    // Until there is a state folder that counts starts, the second of the start keeps the session
    // numbers of one process above those of the process before it.
    epoch_ = static_cast<std::uint64_t>(to_ms(started_at_) / 1000);
}

Node::~Node() = default;

int Node::run() {
    log_.write(
        LogLevel::notice, "starting",
        {{"version", FLYBALL_VERSION}, {"root", root_text_}, {"broker", transport_->peer()}});
    transport_->start(*this);
    while (!stopping_ && !draining_) {
        Span pause{0};
        {
            const std::lock_guard lock(owner_);
            decide_waiting();
            engine_.pass_time(now());
            watch_clock();
            end_stages_when_due(monotonic_us());
            take_link_change();
            send_events();
            publish_health_when_due(monotonic_us());
            pause = until_next_duty(monotonic_us());
        }
        const auto signal = waiter_->wait(pause, [this] { return !inbox_.empty(); });
        if (signal) {
            take_signal(*signal);
        }
    }
    shut_down();
    return 0;
}

void Node::take_signal(int signal) {
    if (signal == SIGHUP) {
        const std::lock_guard lock(owner_);
        const Reloaded reloaded = reload(false);
        for (const std::string& fault : reloaded.faults) {
            log_.write(LogLevel::error, "the configuration stays as it was", {{"why", fault}});
        }
        for (const std::string& key : reloaded.needs_restart) {
            log_.write(LogLevel::warning, "needs a restart", {{"key", key}});
        }
        return;
    }
    log_.write(LogLevel::notice, "stopping",
               {{"signal", signal == SIGTERM ? "SIGTERM" : "SIGINT"}});
    stopping_ = true;
}

// Unsubscribe, decide what has arrived, say goodbye, disconnect.
void Node::shut_down() {
    transport_->unsubscribe();
    {
        const std::lock_guard lock(owner_);
        decide_waiting();
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
    const std::int64_t arrived_us = monotonic_us();
    if (message.payload.size() <= inline_payload_bytes && inbox_.empty()) {
        const std::unique_lock lock(owner_, std::try_to_lock);
        if (lock.owns_lock() && inbox_.empty()) {
            decide(message, arrived_us);
            return;
        }
    }
    if (!inbox_.put(message, arrived_us)) {
        refuse(message);
    }
    waiter_->wake();
}

void Node::on_link(LinkState state, std::string_view why) noexcept {
    {
        const std::lock_guard lock(link_lock_);
        link_ = state;
        link_why_.assign(why);
        link_changed_ = true;
    }
    waiter_->wake();
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
    refused_.fetch_add(1);
    const std::int64_t second = monotonic_us() / second_us;
    if (refusal_second_.exchange(second) != second) {
        refusals_this_second_ = 0;
    }
    if (refusals_this_second_.fetch_add(1) < refusals_per_second) {
        engine_.refuse_overloaded(message, *this);
    }
}

// ---- from whoever owns the engine

void Node::decide(const Message& message, std::int64_t arrived_us) {
    if (message.topic == health_topic_) {
        look_at_own_health(message);
        return;
    }
    const ClockSample sample = sample_clock();
    const std::int64_t begun_us = sample.monotonic_us;
    const Arrival arrival{.waited_us = begun_us - arrived_us,
                          .live_retain = transport_->protocol_version() != 4,
                          .clock_known = clock_.status() != ClockStatus::unset};
    engine_.handle(message, arrival, clock_.advance(sample), *this);
    const std::int64_t done_us = monotonic_us();
    latency_.record(done_us - arrived_us, done_us);
}

void Node::decide_waiting() {
    Inbox::Waiting& waiting = waitings_[0];
    while (inbox_.take_one(waiting)) {
        decide(waiting.message, waiting.arrived_us);
    }
}

void Node::breathe() {
    if (!engine_.can_go_deeper()) {
        return;
    }
    Inbox::Waiting& waiting = waitings_[++waiting_depth_];
    for (std::size_t i = 0; i < breath_messages && inbox_.take_one(waiting); ++i) {
        decide(waiting.message, waiting.arrived_us);
    }
    --waiting_depth_;
}

void Node::raise(const Event& event) {
    const bool up = transport_->link() == LinkState::up;
    events_.add(event, !up);
    if (up) {
        send_events();
    }
}

void Node::send_events() {
    if (transport_->link() != LinkState::up) {
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

void Node::send(const Message& message) {
    transport_->publish(message);
}

void Node::reply_topic_refused(std::string_view topic) {
    log_.write_seldom(LogLevel::warning, monotonic_us(), "reply topic refused",
                      {{"topic", topic}, {"hint", "mqtt.reply_prefixes would have to allow it"}});
}

void Node::set_time(Instant at) {
    clock_.set_time(at, sample_clock());
    raise({.kind = EventKind::clock_changed, .governor = "node", .at = at});
    log_.write(LogLevel::notice, "governor time set by control",
               {{"at_ms", std::to_string(to_ms(at))}});
}

Instant Node::now() {
    return clock_.advance(sample_clock());
}

std::uint64_t Node::session() const {
    return (epoch_ << 20U) + connects_.load();
}

}  // namespace flyball
