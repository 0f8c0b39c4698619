#include "transport/inbox.h"

#include <cstring>
#include <string_view>

namespace flyball {

namespace {

constexpr std::size_t usual_bytes = 256 * 1024;  // kept between messages; more is given back
constexpr std::uint32_t no_expiry = 0xffffffff;

// What precedes the bytes of each message in a buffer.
struct Header {
    std::int64_t arrived_us;
    std::uint32_t payload;
    std::uint32_t topic;
    std::uint32_t response_topic;
    std::uint32_t correlation_data;
    std::uint32_t content_type;
    std::uint32_t traceparent;
    std::uint32_t tracestate;
    std::uint32_t expiry_s;
    Qos qos;
    bool retain;
    bool has_response_topic;
    bool utf8_payload;

    std::size_t body() const {
        return std::size_t{payload} + topic + response_topic + correlation_data + content_type +
               traceparent + tracestate;
    }
};

std::uint32_t length(std::string_view text) {
    return static_cast<std::uint32_t>(text.size());
}

Header header_of(const Message& message, std::int64_t arrived_us) {
    return {.arrived_us = arrived_us,
            .payload = length(message.payload),
            .topic = length(message.topic),
            .response_topic = length(message.response_topic),
            .correlation_data = length(message.correlation_data),
            .content_type = length(message.content_type),
            .traceparent = length(message.traceparent),
            .tracestate = length(message.tracestate),
            .expiry_s = message.expiry_s.value_or(no_expiry),
            .qos = message.qos,
            .retain = message.retain,
            .has_response_topic = message.has_response_topic,
            .utf8_payload = message.utf8_payload};
}

}  // namespace

bool Inbox::put(const Message& message, std::int64_t arrived_us) {
    const Header header = header_of(message, arrived_us);
    const std::lock_guard lock(mutex_);
    const std::size_t bytes = filling_.size() + draining_.size() - drained_;
    if (waiting() >= limits_.messages_max ||
        bytes + sizeof(header) + header.body() > limits_.bytes_max) {
        return false;
    }
    char head[sizeof(header)];
    std::memcpy(head, &header, sizeof(header));
    filling_.append(head, sizeof(header));
    for (const std::string_view part :
         {message.payload, message.topic, message.response_topic, message.correlation_data,
          message.content_type, message.traceparent, message.tracestate}) {
        filling_.append(part);
    }
    waiting_.fetch_add(1, std::memory_order_release);
    return true;
}

bool Inbox::take_one(Waiting& into) {
    Header header;
    {
        const std::lock_guard lock(mutex_);
        if (drained_ == draining_.size()) {
            draining_.clear();
            drained_ = 0;
            if (draining_.capacity() > usual_bytes) {
                draining_.shrink_to_fit();
            }
            draining_.swap(filling_);
        }
        if (draining_.empty()) {
            return false;
        }
        std::memcpy(&header, draining_.data() + drained_, sizeof(header));
        into.bytes.assign(draining_, drained_ + sizeof(header), header.body());
        drained_ += sizeof(header) + header.body();
        waiting_.fetch_sub(1, std::memory_order_release);
    }
    std::string_view rest = into.bytes;
    const auto next = [&rest](std::uint32_t bytes) {
        const std::string_view part = rest.substr(0, bytes);
        rest.remove_prefix(bytes);
        return part;
    };
    Message& message = into.message;
    message.payload = next(header.payload);
    message.topic = next(header.topic);
    message.response_topic = next(header.response_topic);
    message.correlation_data = next(header.correlation_data);
    message.content_type = next(header.content_type);
    message.traceparent = next(header.traceparent);
    message.tracestate = next(header.tracestate);
    message.qos = header.qos;
    message.retain = header.retain;
    message.has_response_topic = header.has_response_topic;
    message.utf8_payload = header.utf8_payload;
    message.expiry_s.reset();
    if (header.expiry_s != no_expiry) {
        message.expiry_s = header.expiry_s;
    }
    into.arrived_us = header.arrived_us;
    return true;
}

std::size_t Inbox::memory_bytes() const {
    const std::lock_guard lock(mutex_);
    return filling_.capacity() + draining_.capacity();
}

void Inbox::release_buffers() {
    const std::lock_guard lock(mutex_);
    if (drained_ == draining_.size()) {
        std::string().swap(draining_);  // assigned an empty one it would keep its memory
        drained_ = 0;
    }
    filling_.shrink_to_fit();
}

void Inbox::set_limits(Limits limits) {
    const std::lock_guard lock(mutex_);
    limits_ = limits;
}

}  // namespace flyball
