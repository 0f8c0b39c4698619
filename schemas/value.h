#pragma once
// A decoded payload: one flat array of nodes in pre-order ("tape"), the same for msgpack and JSON.
// Owned by a Decoder, reused from payload to payload, bounded by Limits. Texts point into the
// payload (msgpack) or into the decoder's own text buffer (JSON): valid until the next decode.

#include <cstdint>
#include <string_view>

namespace flyball {

enum class Kind : std::uint8_t {
    null,
    boolean,
    integer,           // fits int64; also a float that is a whole number within +-2^53
    unsigned_integer,  // beyond int64
    real,              // any other float, NaN and infinities too
    text,              // valid UTF-8
    binary,            // msgpack bin
    extension,         // msgpack ext
    array,
    map,  // children: key, value, key, value ...
};

struct Value {
    Kind kind = Kind::null;
    std::uint32_t count = 0;  // bytes of a text, elements of an array, pairs of a map
    std::uint32_t span =
        1;  // nodes of this subtree, itself included: the next sibling is this + span
    union {
        std::int64_t integer = 0;
        std::uint64_t unsigned_integer;
        bool boolean;
        double real;
        const char* bytes;  // of an extension: its type byte first
    };

    bool is(Kind wanted) const { return kind == wanted; }
    std::string_view text() const { return {bytes, count}; }  // only for text and binary
    const Value* first_child() const { return this + 1; }     // only for array and map
    const Value* next_sibling() const { return this + span; }
};
static_assert(sizeof(Value) <= 24);

// A word for an error message: "integer", "string", "map" ...
std::string_view kind_name(Kind kind);

}  // namespace flyball
