#include "tests/contract/recorder.h"

#include <algorithm>
#include <chrono>
#include <thread>

namespace flyball::testing {

Received::Received(const Message& message)
    : topic(message.topic),
      payload(message.payload),
      qos(message.qos),
      retain(message.retain),
      correlation_data(message.correlation_data),
      content_type(message.content_type),
      traceparent(message.traceparent),
      tracestate(message.tracestate),
      expiry_s(message.expiry_s),
      utf8_payload(message.utf8_payload) {
    if (message.has_response_topic) {
        response_topic = message.response_topic;
    }
}

void Recorder::on_message(const Message& message) noexcept {
    {
        const std::scoped_lock lock(mutex_);
        messages_.emplace_back(message);
    }
    if (answer) {
        answer(message);
    }
}

void Recorder::on_link(LinkState state, std::string_view why) noexcept {
    const std::scoped_lock lock(mutex_);
    links_.emplace_back(state, why);
}

std::optional<Receiver::Will> Recorder::will() noexcept {
    const std::scoped_lock lock(mutex_);
    ++wills_asked_;
    return last_will;
}

std::vector<Received> Recorder::messages() const {
    const std::scoped_lock lock(mutex_);
    return messages_;
}

std::size_t Recorder::count() const {
    const std::scoped_lock lock(mutex_);
    return messages_.size();
}

std::vector<std::pair<LinkState, std::string>> Recorder::links() const {
    const std::scoped_lock lock(mutex_);
    return links_;
}

std::size_t Recorder::times(LinkState state) const {
    const std::scoped_lock lock(mutex_);
    return static_cast<std::size_t>(std::count_if(
        links_.begin(), links_.end(), [&](const auto& link) { return link.first == state; }));
}

std::size_t Recorder::wills_asked() const {
    const std::scoped_lock lock(mutex_);
    return wills_asked_;
}

std::string Recorder::last_why() const {
    const std::scoped_lock lock(mutex_);
    return links_.empty() ? std::string{} : links_.back().second;
}

bool eventually(const std::function<bool()>& condition, Span patience) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (!condition()) {
        if (std::chrono::steady_clock::now() > deadline) {
            return condition();
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return true;
}

bool comes_up(const Transport& transport) {
    return eventually([&] { return transport.link() == LinkState::up; });
}

Message message_to(std::string_view topic, std::string_view payload, Qos qos) {
    Message message;
    message.topic = topic;
    message.payload = payload;
    message.qos = qos;
    return message;
}

}  // namespace flyball::testing
