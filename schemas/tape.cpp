#include "schemas/tape.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "schemas/short_text.h"

namespace flyball {

namespace {

constexpr std::size_t nodes_at_first = 128;
constexpr double whole_max = 9007199254740992.0;  // 2^53: beyond, a double skips integers

}  // namespace

void Tape::set_limits(const Limits& limits) {
    limits_ = limits;
    limits_.nesting = std::max<std::uint32_t>(limits_.nesting, 1);
    frames_.resize(limits_.nesting);
}

void Tape::start(std::string_view payload, std::span<const std::string_view> read_maps) {
    payload_ = payload;
    read_maps_ = read_maps;
    open_ = nullptr;
    size_ = 0;
    depth_ = 0;
    values_ = 0;
    values_max_ = limits_.values;
    key_next_ = false;
    batch_ = false;
    reason_ = Reason::none;
    offset_ = no_offset;
    message_ = {};
    if (nodes_max_ == 0) {
        grow();
    }
}

bool Tape::grow() {
    const std::size_t nodes_max = std::max(nodes_at_first, 2 * nodes_max_);
    auto nodes = std::make_unique<Value[]>(nodes_max);
    std::copy_n(nodes_.get(), size_, nodes.get());
    nodes_ = std::move(nodes);
    nodes_max_ = nodes_max;
    return true;
}

bool Tape::add_bytes(Kind kind, const char* bytes, std::size_t size) {
    if (size > limits_.string_bytes) {
        return fail(Reason::too_large, "binary data is longer than this node's limit for a string",
                    bytes);
    }
    return count_value() && push(kind, static_cast<std::uint32_t>(size), &Value::bytes, bytes);
}

bool Tape::add_other_text(const char* bytes, std::size_t size) {
    if (size > limits_.string_bytes) {
        return fail(Reason::too_large, "a string is longer than this node's limit", bytes);
    }
    if (!valid_utf8({bytes, size})) {
        return fail(Reason::malformed, "a text is not valid UTF-8", bytes);
    }
    return place_text(bytes, size);
}

// One that shares a bit with another of the same map.
bool Tape::add_similar_key(const char* bytes, std::size_t size) {
    if (repeats(*open_, {bytes, size})) {
        return fail(Reason::malformed, "a key is there twice", bytes);
    }
    return push_text(bytes, size);
}

bool Tape::add_unsigned(std::uint64_t number) {
    if (number <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
        return add_integer(static_cast<std::int64_t>(number));
    }
    return add(Kind::unsigned_integer, &Value::unsigned_integer, number);
}

bool Tape::add_real(double number) {
    if (std::abs(number) <= whole_max && std::trunc(number) == number) {
        return add_integer(static_cast<std::int64_t>(number));
    }
    return add(Kind::real, &Value::real, number);
}

bool Tape::open(bool map, std::uint32_t declared) {
    const bool key = std::exchange(key_next_, false);
    if (depth_ == limits_.nesting) {
        return fail(Reason::too_large, "arrays and maps are nested deeper than this node's limit");
    }
    if (key && open_->strict) {
        return fail_key();
    }
    if (depth_ > 0 && !key && ++values_ > values_max_) {
        return fail_values();
    }
    enter(map);
    push(map ? Kind::map : Kind::array, declared, &Value::integer, std::int64_t{0});
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
    const bool entry = depth_ == 0 ? map : depth_ == 1 && batch_ && map;
    bool below_strict = false;
    if (depth_ == 0) {
        batch_ = !map;
    } else if (depth_ > 1 || !batch_) {
        below_strict = open_->below_strict || (open_->entry && named_read_map(nodes_[size_ - 1]));
    }
    if (depth_ == (batch_ ? 1U : 0U)) {
        values_max_ = std::min<std::uint64_t>(limits_.values, values_ + limits_.entry_values);
    }
    Frame& frame = frames_[depth_++];
    open_ = &frame;
    frame.node = size_;
    frame.seen = {};
    frame.members = 0;
    frame.entry = entry;
    frame.strict = map && (entry || below_strict);
    frame.below_strict = below_strict;
}

void Tape::close(std::uint32_t count) {
    const std::size_t node = open_->node;
    --depth_;
    open_ = depth_ > 0 ? &frames_[depth_ - 1] : nullptr;
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
    if (++open_->members > limits_.map_keys) {
        return fail(Reason::too_large, "a map has more keys than this node's limit");
    }
    return true;
}

bool Tape::named_read_map(const Value& key) const {
    return key.is(Kind::text) &&
           std::any_of(read_maps_.begin(), read_maps_.end(),
                       [&key](std::string_view name) { return same_text(name, key.text()); });
}

// A linear look back: it runs only when two keys share a bit, and a map has few keys.
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

bool Tape::fail_key() {
    return fail(Reason::malformed, "a key of a request is not a text");
}

bool Tape::fail_values() {
    if (values_max_ < limits_.values) {
        return fail(Reason::too_large, "a request has more values than this node's limit");
    }
    return fail(Reason::too_large, "the payload has more values than this node's limit");
}

std::size_t Tape::memory_bytes() const {
    return nodes_max_ * sizeof(Value) + frames_.capacity() * sizeof(Frame);
}

void Tape::shrink() {
    nodes_.reset();
    nodes_max_ = 0;
    size_ = 0;
}

}  // namespace flyball
