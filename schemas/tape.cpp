#include "schemas/tape.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

namespace flyball {

namespace {

constexpr std::size_t nodes_at_first = 128;
constexpr double whole_max = 9007199254740992.0;  // 2^53: beyond, a double skips integers

// Six bits of a key: cheap, and different for keys that differ in length, start or end.
std::uint64_t key_bit(std::string_view key) {
    std::uint64_t word = key.size() << 56;
    if (key.size() >= 8) {
        std::uint64_t last = 0;
        std::memcpy(&word, key.data(), 8);
        std::memcpy(&last, key.data() + key.size() - 8, 8);
        word ^= last * 3 + key.size();
    } else {
        for (std::size_t i = 0; i < key.size(); ++i) {
            word ^= std::uint64_t{static_cast<unsigned char>(key[i])} << (8 * i);
        }
    }
    word *= 0x9E3779B97F4A7C15;  // 2^64 divided by the golden ratio
    return std::uint64_t{1} << (word >> 58);
}

}  // namespace

void Tape::set_limits(const Limits& limits) {
    limits_ = limits;
    limits_.nesting = std::max<std::uint32_t>(limits_.nesting, 1);
    frames_.resize(limits_.nesting);
}

void Tape::start(std::string_view payload, std::span<const std::string_view> read_maps) {
    payload_ = payload;
    read_maps_ = read_maps;
    size_ = 0;
    depth_ = 0;
    values_ = 0;
    values_max_ = limits_.values;
    key_next_ = false;
    batch_ = false;
    reason_ = Reason::none;
    offset_ = no_offset;
    message_ = {};
}

void Tape::grow() {
    nodes_.resize(std::max(nodes_at_first, 2 * size_));
}

bool Tape::add_bytes(Kind kind, const char* bytes, std::size_t size) {
    if (size > limits_.string_bytes) {
        return fail(Reason::too_large, "binary data is longer than this node's limit for a string",
                    bytes);
    }
    return add(
        Value{.kind = kind, .count = static_cast<std::uint32_t>(size), .span = 1, .bytes = bytes});
}

bool Tape::add_unsigned(std::uint64_t number) {
    if (number <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
        return add_integer(static_cast<std::int64_t>(number));
    }
    return add(
        Value{.kind = Kind::unsigned_integer, .count = 0, .span = 1, .unsigned_integer = number});
}

bool Tape::add_real(double number) {
    if (std::abs(number) <= whole_max && std::trunc(number) == number) {
        return add_integer(static_cast<std::int64_t>(number));
    }
    return add(Value{.kind = Kind::real, .count = 0, .span = 1, .real = number});
}

bool Tape::open(bool map, std::uint32_t declared) {
    const bool key = std::exchange(key_next_, false);
    if (depth_ == limits_.nesting) {
        return fail(Reason::too_large, "arrays and maps are nested deeper than this node's limit");
    }
    if (key && frames_[depth_ - 1].strict) {
        return fail(Reason::malformed, "a key of a request is not a text");
    }
    if (depth_ > 0 && !key && ++values_ > values_max_) {
        return fail_values();
    }
    enter(map);
    push(Value{.kind = map ? Kind::map : Kind::array, .count = declared, .span = 1, .integer = 0});
    if (map && declared > limits_.map_keys) {
        return fail(Reason::too_large, "a map has more keys than this node's limit");
    }
    if (depth_ == 1 && batch_ && declared > limits_.batch) {
        return fail(Reason::too_large, "a batch has more entries than this node's limit");
    }
    // What is declared takes at least as many values; no memory is set aside for a promise.
    if (values_ + declared > values_max_) {
        return fail_values();
    }
    return true;
}

// Called before the container's own node is pushed: the node before it may be its key.
void Tape::enter(bool map) {
    Frame frame;
    frame.node = size_;
    if (depth_ == 0) {
        batch_ = !map;
        frame.entry = map;
    } else if (depth_ == 1 && batch_) {
        frame.entry = map;
    } else {
        const Frame& outer = frames_[depth_ - 1];
        frame.below_strict =
            outer.below_strict || (outer.entry && named_read_map(nodes_[size_ - 1]));
    }
    if (depth_ == (batch_ ? 1U : 0U)) {
        values_max_ = std::min<std::uint64_t>(limits_.values, values_ + limits_.entry_values);
    }
    frame.strict = map && (frame.entry || frame.below_strict);
    frames_[depth_++] = frame;
}

void Tape::close(std::uint32_t count) {
    --depth_;
    const std::size_t node = frames_[depth_].node;
    nodes_[node].count = count;
    nodes_[node].span = static_cast<std::uint32_t>(size_ - node);
    if (depth_ == 1 && batch_) {
        values_max_ = limits_.values;
    }
}

bool Tape::count_element() {
    if (depth_ == 1 && batch_ && ++frames_[0].members > limits_.batch) {
        return fail(Reason::too_large, "a batch has more entries than this node's limit");
    }
    return true;
}

bool Tape::count_key() {
    if (++frames_[depth_ - 1].members > limits_.map_keys) {
        return fail(Reason::too_large, "a map has more keys than this node's limit");
    }
    return true;
}

bool Tape::named_read_map(const Value& key) const {
    return key.is(Kind::text) &&
           std::find(read_maps_.begin(), read_maps_.end(), key.text()) != read_maps_.end();
}

bool Tape::accept_key(Frame& frame, const Value& key) {
    if (!key.is(Kind::text)) {
        return fail(Reason::malformed, "a key of a request is not a text");
    }
    const std::uint64_t bit = key_bit(key.text());
    if ((frame.seen & bit) != 0 && repeats(frame, key.text())) {
        return fail(Reason::malformed, "a key is there twice", key.bytes);
    }
    frame.seen |= bit;
    return true;
}

bool Tape::repeats(const Frame& frame, std::string_view key) const {
    std::size_t at = frame.node + 1;
    while (at < size_) {
        if (nodes_[at].text() == key) {
            return true;
        }
        at += nodes_[at].span;
        at += nodes_[at].span;
    }
    return false;
}

bool Tape::fail(Reason reason, std::string_view message, const char* at) {
    if (reason_ == Reason::none) {
        reason_ = reason;
        message_ = message;
        offset_ = at == nullptr ? no_offset : static_cast<std::size_t>(at - payload_.data());
    }
    return false;
}

bool Tape::fail_values() {
    if (values_max_ < limits_.values) {
        return fail(Reason::too_large, "a request has more values than this node's limit");
    }
    return fail(Reason::too_large, "the payload has more values than this node's limit");
}

bool Tape::fail_text(const char* bytes, std::size_t size) {
    if (size > limits_.string_bytes) {
        return fail(Reason::too_large, "a string is longer than this node's limit", bytes);
    }
    return fail(Reason::malformed, "a text is not valid UTF-8", bytes);
}

std::size_t Tape::memory_bytes() const {
    return nodes_.capacity() * sizeof(Value) + frames_.capacity() * sizeof(Frame);
}

void Tape::shrink() {
    nodes_.clear();
    nodes_.shrink_to_fit();
}

}  // namespace flyball
