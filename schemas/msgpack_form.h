#pragma once
// msgpack's shortest forms, appended to a buffer: what the writer of replies and whoever else needs
// the same bytes for the same value (hash chains) use.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "schemas/byte_buffer.h"
#include "schemas/value.h"

namespace flyball::msgpack_form {

inline constexpr char nil = '\xC0';
inline constexpr std::uint32_t fix_container_max = 15;

constexpr char boolean(bool flag) {
    return flag ? '\xC3' : '\xC2';
}
constexpr char fix_container(bool map, std::uint32_t count) {
    return static_cast<char>((map ? 0x80U : 0x90U) | count);
}

struct Header {
    char bytes[5];
    std::size_t size;
};
Header container(bool map, std::uint32_t count);

void append_long_unsigned(ByteBuffer& out, std::uint64_t number);  // above 0x7F
void append_negative(ByteBuffer& out, std::int64_t number);
void append_real(ByteBuffer& out, double number);
void append_long_text(ByteBuffer& out, std::string_view text);  // above short_text_max
void append_bytes(ByteBuffer& out, const Value& value);         // a binary or an extension

// Inline from here on: nearly all that a reply holds is short.

inline void append_unsigned(ByteBuffer& out, std::uint64_t number) {
    if (number <= 0x7F) {
        out.push_back(static_cast<char>(number));
    } else {
        append_long_unsigned(out, number);
    }
}

inline void append_integer(ByteBuffer& out, std::int64_t number) {
    if (number >= 0) {
        append_unsigned(out, static_cast<std::uint64_t>(number));
    } else {
        append_negative(out, number);
    }
}

inline constexpr std::size_t short_text_max = 31;

// At most short_text_max bytes. Inline always: often their number is a constant.
[[gnu::always_inline]] inline void append_short_text(ByteBuffer& out, std::string_view text) {
    char* at = out.room(1 + text.size());
    *at = static_cast<char>(0xA0U | text.size());
    copy_short(at + 1, text.data(), text.size());
    out.taken(1 + text.size());
}

inline void append_text(ByteBuffer& out, std::string_view text) {
    if (text.size() > short_text_max) {
        append_long_text(out, text);
    } else {
        append_short_text(out, text);
    }
}

}  // namespace flyball::msgpack_form
