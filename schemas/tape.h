#pragma once
// The tape while it is written: nodes, open containers, what is left of every limit, and the first
// fault. Both readers (msgpack, JSON) call the same few steps, so that a payload means the same in
// either encoding. Owned by a Decoder, reused; grows to the largest payload seen.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "schemas/limits.h"
#include "schemas/reason.h"
#include "schemas/utf8.h"
#include "schemas/value.h"

namespace flyball {

class Tape {
public:
    static constexpr std::size_t no_offset = static_cast<std::size_t>(-1);

    explicit Tape(const Limits& limits) { set_limits(limits); }

    void set_limits(const Limits& limits);
    const Limits& limits() const { return limits_; }
    void start(std::string_view payload, std::span<const std::string_view> read_maps);

    // The steps. Each returns false after a fault, which stays; nothing may follow it.
    void expect_key() { key_next_ = true; }
    bool add(const Value& value);
    bool add_text(const char* bytes, std::size_t size);
    bool add_bytes(Kind kind, const char* bytes, std::size_t size);
    bool add_unsigned(std::uint64_t number);
    bool add_integer(std::int64_t number);
    bool add_real(double number);
    // `declared`: elements or pairs when the encoding names them in front, else 0.
    bool open(bool map, std::uint32_t declared);
    void close() { close(nodes_[frames_[depth_ - 1].node].count); }
    void close(std::uint32_t count);

    // JSON learns of an element or a key only when it comes; msgpack declares them.
    bool count_element();
    bool count_key();

    bool fail(Reason reason, std::string_view message, const char* at = nullptr);
    Reason reason() const { return reason_; }
    std::string_view message() const { return message_; }
    std::size_t offset() const { return offset_; }  // no_offset: where the reader stopped

    const Value* root() const { return nodes_.data(); }
    bool batch() const { return batch_; }
    std::size_t memory_bytes() const;
    void shrink();

private:
    struct Frame {
        std::size_t node = 0;       // the container's own node
        std::uint64_t seen = 0;     // a bit for each hash of a key so far
        std::uint32_t members = 0;  // keys or elements so far; JSON only
        bool entry = false;         // a request's own map
        bool strict = false;        // keys are texts, each at most once
        bool below_strict = false;  // so are those of the maps in here
    };

    void push(const Value& value) {
        if (size_ == nodes_.size()) [[unlikely]] {
            grow();
        }
        nodes_[size_++] = value;
    }
    void grow();
    void enter(bool map);
    bool named_read_map(const Value& key) const;
    bool accept_key(Frame& frame, const Value& key);
    bool repeats(const Frame& frame, std::string_view key) const;
    bool fail_values();
    bool fail_text(const char* bytes, std::size_t size);

    Limits limits_;
    std::vector<Value> nodes_;
    std::vector<Frame> frames_;
    std::size_t size_ = 0;
    std::size_t depth_ = 0;
    std::uint64_t values_ = 0;      // keys not counted
    std::uint64_t values_max_ = 0;  // of the entry or the payload, whichever ends first
    bool key_next_ = false;
    bool batch_ = false;
    std::string_view payload_;
    std::span<const std::string_view> read_maps_;
    Reason reason_ = Reason::none;
    std::size_t offset_ = no_offset;
    std::string_view message_;
};

inline bool Tape::add(const Value& value) {
    if (std::exchange(key_next_, false)) {
        Frame& frame = frames_[depth_ - 1];
        if (frame.strict && !accept_key(frame, value)) {
            return false;
        }
    } else if (++values_ > values_max_) [[unlikely]] {
        return fail_values();
    }
    push(value);
    return true;
}

inline bool Tape::add_text(const char* bytes, std::size_t size) {
    if (size > limits_.string_bytes || !valid_utf8({bytes, size})) [[unlikely]] {
        return fail_text(bytes, size);
    }
    return add(Value{
        .kind = Kind::text, .count = static_cast<std::uint32_t>(size), .span = 1, .bytes = bytes});
}

inline bool Tape::add_integer(std::int64_t number) {
    return add(Value{.kind = Kind::integer, .count = 0, .span = 1, .integer = number});
}

}  // namespace flyball
