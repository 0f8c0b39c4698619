#include "transport/inbox.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "transport/memory_left.h"

namespace flyball {

namespace {

constexpr std::size_t blocks_kept = 2;  // between messages; more is given back
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
    const std::size_t size = sizeof(header) + message.bytes();
    const std::lock_guard lock(mutex_);
    if (waiting() >= limits_.messages_max || bytes_ + size > limits_.bytes_max ||
        !have_room(size)) {
        return false;
    }
    write({reinterpret_cast<const char*>(&header), sizeof(header)});
    for (const std::string_view part :
         {message.payload, message.topic, message.response_topic, message.correlation_data,
          message.content_type, message.traceparent, message.tracestate}) {
        write(part);
    }
    bytes_ += size;
    waiting_.fetch_add(1, std::memory_order_release);
    return true;
}

// Blocks for so many bytes more, made before the first of them is written; without all of them
// those that were made go again: memory is short just then.
bool Inbox::have_room(std::size_t bytes) {
    if (make_room(bytes)) {
        return true;
    }
    while (spare_.size() > blocks_kept) {
        spare_.pop_back();
    }
    return false;
}

bool Inbox::make_room(std::size_t bytes) {
    std::size_t room = spare_.size() * Block::size + (blocks_.empty() ? 0 : Block::size - end_);
    try {
        for (; room < bytes; room += Block::size) {
            if (limits_.leaves_bytes > 0 && !memory_left(Block::size + limits_.leaves_bytes)) {
                return false;
            }
            spare_.emplace_back();
        }
    } catch (const std::bad_alloc&) {
        return false;
    }
    return true;
}

void Inbox::write(std::string_view bytes) {
    while (!bytes.empty()) {
        if (blocks_.empty() || end_ == Block::size) {
            blocks_.splice(blocks_.end(), spare_, spare_.begin());
            end_ = 0;
        }
        const std::size_t fits = std::min(bytes.size(), Block::size - end_);
        std::memcpy(blocks_.back().bytes + end_, bytes.data(), fits);
        bytes.remove_prefix(fits);
        end_ += fits;
    }
}

// Of the oldest bytes, without taking them.
void Inbox::peek(std::span<char> into) const {
    auto block = blocks_.begin();
    for (std::size_t at = begin_; !into.empty(); at = 0, ++block) {
        const std::size_t fits = std::min(into.size(), Block::size - at);
        std::memcpy(into.data(), block->bytes + at, fits);
        into = into.subspan(fits);
    }
}

// They are taken, whether or not somebody has read them.
void Inbox::pass(std::size_t bytes) {
    bytes_ -= bytes;
    for (begin_ += bytes; begin_ >= Block::size; begin_ -= Block::size) {
        retire_first();
    }
    waiting_.fetch_sub(1, std::memory_order_release);
    if (bytes_ == 0 && !blocks_.empty()) {
        retire_first();  // the next one begins where memory has been touched
        begin_ = 0;
    }
}

void Inbox::retire_first() {
    if (spare_.size() < blocks_kept) {
        spare_.splice(spare_.begin(), blocks_, blocks_.begin());
    } else {
        blocks_.pop_front();
    }
}

bool Inbox::take_one(Waiting& into) {
    Header header;
    {
        const std::lock_guard lock(mutex_);
        if (bytes_ == 0) {
            return false;
        }
        peek({reinterpret_cast<char*>(&header), sizeof(header)});
        into.bytes.resize(sizeof(header) + header.body());
        peek(into.bytes);
        pass(into.bytes.size());
    }
    std::string_view rest = std::string_view(into.bytes).substr(sizeof(header));
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

void Inbox::drop_one() {
    const std::lock_guard lock(mutex_);
    if (bytes_ > 0) {
        Header header;
        peek({reinterpret_cast<char*>(&header), sizeof(header)});
        pass(sizeof(header) + header.body());
    }
}

std::size_t Inbox::memory_bytes() const {
    const std::lock_guard lock(mutex_);
    return (blocks_.size() + spare_.size()) * sizeof(Block);
}

void Inbox::release_buffers() {
    const std::lock_guard lock(mutex_);
    spare_.clear();
}

void Inbox::set_limits(Limits limits) {
    const std::lock_guard lock(mutex_);
    limits_ = limits;
}

}  // namespace flyball
