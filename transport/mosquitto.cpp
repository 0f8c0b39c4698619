#include "transport/mosquitto.h"

#include <mosquitto.h>
#include <mosquitto_broker.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "transport/mosquitto_message.h"
#include "transport/topic_filter.h"

namespace flyball {

namespace {

std::string common_start(const std::vector<std::string>& filters) {
    if (filters.empty()) {
        return {};
    }
    std::string_view common = filters.front();
    for (const std::string& filter : filters) {
        const auto [mine, other] = std::ranges::mismatch(common, filter);
        common = {common.begin(), mine};
    }
    common = common.substr(0, common.find_first_of("+#"));
    // The last slash stays: a filter that begins with a wildcard matches no topic with a $.
    return std::string(common.substr(0, common.size() - (common.ends_with('/') ? 1 : 0)));
}

// Null: no memory. The broker's own, which counts it and frees it once the message has left.
void* broker_copy(std::string_view bytes) {
    void* const copy = mosquitto_malloc(bytes.size());
    if (copy != nullptr) {
        std::memcpy(copy, bytes.data(), bytes.size());
    }
    return copy;
}

}  // namespace

MosquittoTransport::MosquittoTransport(std::vector<std::string> filters)
    : filters_(std::move(filters)), common_(common_start(filters_)) {
    for (std::string& filter : filters_) {
        filter.erase(0, common_.size());
    }
}

void MosquittoTransport::take(const mosquitto_evt_message& event) noexcept {
    const std::string_view topic = event.topic;
    if (!subscribed_ || !topic.starts_with(common_) ||
        std::ranges::none_of(filters_, [rest = topic.substr(common_.size())](const auto& filter) {
            return filter_matches(filter, rest);
        })) {
        return;
    }
    ++counts_.received;
    const MosquittoMessage message(event);
    receiver_->on_message(message.view());
}

void MosquittoTransport::start(Receiver& receiver) {
    receiver.on_link(LinkState::connecting, "");
    receiver.will();  // a session begins; nobody would publish the will
    receiver_ = &receiver;
    ++counts_.connects;
    subscribed_ = true;
    receiver.on_link(LinkState::up, "");
}

Publish MosquittoTransport::publish(const Message& message) noexcept {
    if (receiver_ == nullptr) {
        return Publish::not_connected;
    }
    void* const payload = message.payload.empty() ? nullptr : broker_copy(message.payload);
    mosquitto_property* properties = properties_of(message, text_);
    const int result = mosquitto_broker_publish(
        nullptr, text_.c_text(message.topic), static_cast<int>(message.payload.size()), payload,
        static_cast<int>(message.qos), message.retain, properties);
    if (result != MOSQ_ERR_SUCCESS) {
        mosquitto_free(payload);
        mosquitto_property_free_all(&properties);
        ++counts_.publish_failed;
        return Publish::failed;
    }
    ++counts_.published;
    return Publish::accepted;
}

// What was handed to the broker leaves with its next turn.
bool MosquittoTransport::flush(Span) {
    return true;
}

void MosquittoTransport::unsubscribe() {
    subscribed_ = false;
}

void MosquittoTransport::stop() {
    subscribed_ = false;
    if (Receiver* const receiver = std::exchange(receiver_, nullptr)) {
        receiver->on_link(LinkState::down, "");
    }
}

LinkState MosquittoTransport::link() const {
    return receiver_ != nullptr ? LinkState::up : LinkState::down;
}

}  // namespace flyball
