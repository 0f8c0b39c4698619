#pragma once
// The tape while it is written: nodes, open containers, what is left of every limit, and the first
// fault. Both readers (msgpack, JSON) call the same few steps, so that a payload means the same in
// either encoding. Owned by a Decoder, reused; grows to the largest payload seen.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "schemas/key_bits.h"
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
    bool add_null() { return add(Kind::null, &Value::integer, std::int64_t{0}); }
    bool add_boolean(bool flag) { return add(Kind::boolean, &Value::boolean, flag); }
    bool add_text(const char* bytes, std::size_t size);
    bool add_bytes(Kind kind, const char* bytes, std::size_t size);
    bool add_unsigned(std::uint64_t number);
    bool add_integer(std::int64_t number) { return add(Kind::integer, &Value::integer, number); }
    bool add_real(double number);
    // `declared`: elements or pairs when the encoding names them in front, else 0.
    bool open(bool map, std::uint32_t declared);
    void close() { close(nodes_[open_->node].count); }
    void close(std::uint32_t count);
    // JSON learns of an element or a key only when it comes; msgpack declares them.
    bool count_element();
    bool count_key();
    [[gnu::noinline]] bool fail(Reason reason, std::string_view message, const char* at = nullptr);
    Reason reason() const { return reason_; }
    std::string_view message() const { return message_; }
    std::size_t offset() const { return offset_; }  // no_offset: where the reader stopped
    const Value* root() const { return nodes_.get(); }
    bool batch() const { return batch_; }
    std::size_t memory_bytes() const;
    void shrink();

private:
    struct Frame {
        std::size_t node = 0;       // the container's own node
        KeyBits seen;               // the keys so far, of a strict map
        std::uint32_t members = 0;  // keys or elements so far; JSON only
        bool entry = false;         // a request's own map
        bool strict = false;        // keys are texts, each at most once
        bool below_strict = false;  // so are those of the maps in here
    };

    // What happens seldom is a call at the very end, so that nothing has to be kept across it: with
    // calls in between, half of a short text's instructions saved and restored registers.

    // True. Member by member: a whole node copied from the stack waits for its own stores. There is
    // always room for one more.
    template <typename T>
    bool push(Kind kind, std::uint32_t count, T Value::*member, T content) {
        Value& node = nodes_[size_++];
        node.kind = kind;
        node.count = count;
        node.span = 1;
        node.*member = content;
        return size_ != nodes_max_ || grow();
    }
    bool push_text(const char* bytes, std::size_t size) {
        return push(Kind::text, static_cast<std::uint32_t>(size), &Value::bytes, bytes);
    }
    template <typename T>
    bool add(Kind kind, T Value::*member, T content) {
        return count_value() && push(kind, 0, member, content);
    }
    bool count_value();
    bool place_text(const char* bytes, std::size_t size);
    [[gnu::noinline]] bool add_other_text(const char* bytes,
                                          std::size_t size);  // neither short nor plain
    [[gnu::noinline]] bool add_similar_key(const char* bytes, std::size_t size);
    [[gnu::noinline]] bool grow();
    void enter(bool map);
    bool named_read_map(const Value& key) const;
    bool repeats(const Frame& frame, std::string_view key) const;
    [[gnu::noinline]] bool fail_key();
    [[gnu::noinline]] bool fail_values();

    Limits limits_;
    std::unique_ptr<Value[]> nodes_;
    std::size_t nodes_max_ = 0;
    std::vector<Frame> frames_;
    Frame* open_ = nullptr;  // the innermost of the open ones
    std::size_t size_ = 0;
    std::size_t depth_ = 0;
    std::uint64_t values_ = 0;      // keys not counted
    std::uint64_t values_max_ = 0;  // of the entry or the payload, whichever ends first
    bool key_next_ = false, batch_ = false;
    std::string_view payload_;
    std::span<const std::string_view> read_maps_;
    Reason reason_ = Reason::none;
    std::size_t offset_ = no_offset;
    std::string_view message_;
};

// For whatever is no text.
inline bool Tape::count_value() {
    if (std::exchange(key_next_, false)) [[unlikely]] {
        return !open_->strict || fail_key();
    }
    return ++values_ <= values_max_ || fail_values();
}

inline bool Tape::add_text(const char* bytes, std::size_t size) {
    const bool plain = size <= limits_.string_bytes && is_ascii({bytes, size});
    return plain ? place_text(bytes, size) : add_other_text(bytes, size);
}

// Of a text that is well-formed.
inline bool Tape::place_text(const char* bytes, std::size_t size) {
    if (std::exchange(key_next_, false)) {
        const bool similar = open_->strict && open_->seen.add({bytes, size});
        return similar ? add_similar_key(bytes, size) : push_text(bytes, size);
    }
    return ++values_ <= values_max_ ? push_text(bytes, size) : fail_values();
}

}  // namespace flyball
