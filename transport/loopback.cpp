#include "transport/loopback.h"

#include <algorithm>
#include <utility>

#include "schemas/expects.h"
#include "transport/topic_filter.h"

namespace flyball {

LoopbackBroker::Stored::Stored(const Message& message)
    : topic(message.topic),
      payload(message.payload),
      response_topic(message.response_topic),
      correlation_data(message.correlation_data),
      content_type(message.content_type),
      traceparent(message.traceparent),
      tracestate(message.tracestate),
      plain(message) {}

Message LoopbackBroker::Stored::view() const {
    Message message = plain;
    message.topic = topic;
    message.payload = payload;
    message.response_topic = response_topic;
    message.correlation_data = correlation_data;
    message.content_type = content_type;
    message.traceparent = traceparent;
    message.tracestate = tracestate;
    return message;
}

LoopbackBroker::~LoopbackBroker() {
    expects(endpoints_.empty(), "the loopback broker outlives its endpoints");
}

std::unique_ptr<Loopback> LoopbackBroker::make_endpoint(LoopbackOptions options) {
    std::unique_ptr<Loopback> endpoint(new Loopback(*this, std::move(options)));
    endpoints_.push_back(endpoint.get());
    return endpoint;
}

void LoopbackBroker::remove(Loopback& endpoint) {
    std::erase(endpoints_, &endpoint);
    for (Queued& queued : queue_) {
        if (queued.from == &endpoint) {
            queued.from = nullptr;
        }
    }
}

std::size_t LoopbackBroker::deliver(std::size_t messages_max) {
    std::size_t handed = 0;
    while (connect_waiting() || (up_ && !queue_.empty() && handed < messages_max)) {
        if (queue_.empty()) {
            continue;
        }
        const Queued next = std::move(queue_.front());
        queue_.pop_front();
        handed += route(next);
        if (next.from != nullptr && next.from->outbound_ > 0) {
            --next.from->outbound_;
        }
    }
    return handed;
}

// By index: a receiver may make endpoints, start them and stop them while it is called.
bool LoopbackBroker::connect_waiting() {
    bool any = false;
    for (std::size_t i = 0; up_ && i < endpoints_.size(); ++i) {
        Loopback& endpoint = *endpoints_[i];
        if (endpoint.receiver_ == nullptr || endpoint.state_ != LinkState::connecting) {
            continue;
        }
        any = true;
        for (Loopback* const other : std::vector<Loopback*>(endpoints_)) {
            if (other != &endpoint && other->state_ == LinkState::up &&
                other->options_.client_id == endpoint.options_.client_id) {
                other->lose(LinkState::name_taken, "another client has connected by this name",
                            true);
            }
        }
        endpoint.will_ = endpoint.receiver_->will();
        endpoint.outbound_ = 0;
        ++endpoint.counts_.connects;
        endpoint.set_state(LinkState::up, "loopback");
        if (endpoint.options_.version < 5) {
            replay_retained(endpoint);
        }
    }
    return any;
}

void LoopbackBroker::replay_retained(Loopback& endpoint) {
    const auto kept = retained_;
    for (const auto& [topic, stored] : kept) {
        if (endpoint.wants(topic)) {
            endpoint.hand_over(stored, true);
        }
    }
}

std::size_t LoopbackBroker::route(const Queued& queued) {
    std::size_t handed = 0;
    for (Loopback* const endpoint : std::vector<Loopback*>(endpoints_)) {
        const bool still_there =
            std::find(endpoints_.begin(), endpoints_.end(), endpoint) != endpoints_.end();
        if (still_there && endpoint->wants(queued.message.topic)) {
            // Retain As Published is an option of MQTT 5; a 3.1.1 subscriber sees no flag.
            endpoint->hand_over(queued.message,
                                queued.message.plain.retain && endpoint->options_.version >= 5);
            ++handed;
        }
    }
    return handed;
}

void LoopbackBroker::accept(const Message& message, Loopback* from) {
    if (message.retain) {
        if (const auto at = retained_.find(message.topic); at != retained_.end()) {
            retained_.erase(at);
        }
        if (!message.payload.empty()) {
            retained_.emplace(std::string(message.topic), Stored(message));
        }
    }
    queue_.push_back(Queued{Stored(message), from});
}

void LoopbackBroker::publish(const Message& message) {
    if (up_) {
        accept(message, nullptr);
    }
}

void LoopbackBroker::set_up(bool up) {
    if (up_ && !up) {
        queue_.clear();
        for (Loopback* const endpoint : std::vector<Loopback*>(endpoints_)) {
            if (endpoint->state_ == LinkState::up) {
                endpoint->lose(LinkState::down, "the broker is gone", false);
                endpoint->set_state(LinkState::connecting, "loopback");
            }
        }
    }
    up_ = up;
}

void LoopbackBroker::cut(std::string_view client_id) {
    for (Loopback* const endpoint : std::vector<Loopback*>(endpoints_)) {
        if (endpoint->state_ == LinkState::up && endpoint->options_.client_id == client_id) {
            endpoint->lose(LinkState::down, "the connection was cut", true);
            endpoint->set_state(LinkState::connecting, "loopback");
        }
    }
}

std::optional<std::string> LoopbackBroker::retained(std::string_view topic) const {
    const auto at = retained_.find(topic);
    return at == retained_.end() ? std::nullopt : std::optional(at->second.payload);
}

Loopback::Loopback(LoopbackBroker& broker, LoopbackOptions options)
    : broker_(broker), options_(std::move(options)) {}

Loopback::~Loopback() {
    stop();
    broker_.remove(*this);
}

void Loopback::start(Receiver& receiver) {
    expects(receiver_ == nullptr, "a transport is started once");
    receiver_ = &receiver;
    subscribed_ = true;
    set_state(LinkState::connecting, "loopback");
}

Publish Loopback::publish(const Message& message) noexcept {
    if (state_ != LinkState::up) {
        return Publish::not_connected;
    }
    if (outbound_ >= options_.outbound_max) {
        ++counts_.publish_full;
        return Publish::full;
    }
    Message sent = message;
    if (options_.version < 5) {
        sent = Message{};
        sent.topic = message.topic;
        sent.payload = message.payload;
        sent.qos = message.qos;
        sent.retain = message.retain;
    }
    broker_.accept(sent, this);
    ++outbound_;
    ++counts_.published;
    return Publish::accepted;
}

bool Loopback::flush(Span) {
    broker_.deliver();
    return outbound_ == 0;
}

void Loopback::unsubscribe() {
    subscribed_ = false;
}

void Loopback::stop() {
    if (receiver_ == nullptr) {
        return;
    }
    will_.reset();
    set_state(LinkState::down, "stopped");
    receiver_ = nullptr;
}

bool Loopback::wants(std::string_view topic) const {
    return state_ == LinkState::up && subscribed_ &&
           std::any_of(options_.filters.begin(), options_.filters.end(),
                       [&](const auto& filter) { return filter_matches(filter, topic); });
}

void Loopback::hand_over(const LoopbackBroker::Stored& stored, bool retained_flag) {
    Message message = stored.view();
    message.retain = retained_flag;
    if (options_.version < 5) {
        Message plain;
        plain.topic = message.topic;
        plain.payload = message.payload;
        plain.qos = message.qos;
        plain.retain = retained_flag;
        message = plain;
    }
    ++counts_.received;
    receiver_->on_message(message);
}

void Loopback::set_state(LinkState state, std::string_view why) {
    state_ = state;
    receiver_->on_link(state, why);
}

void Loopback::lose(LinkState state, std::string_view why, bool publish_will) {
    outbound_ = 0;
    if (publish_will && will_) {
        Message message;
        message.topic = will_->topic;
        message.payload = will_->payload;
        message.qos = will_->qos;
        message.retain = will_->retain;
        broker_.accept(message, nullptr);
    }
    will_.reset();
    set_state(state, why);
}

}  // namespace flyball
