#pragma once
// msgpack's shortest forms, appended to a buffer: what the writer of replies and whoever else needs
// the same bytes for the same value (hash chains) use.

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "schemas/byte_buffer.h"
#include "schemas/byte_order.h"
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

char* put_negative(char* to, std::int64_t number);
char* put_long_text(char* to, std::string_view text);  // above short_text_max
void append_real(ByteBuffer& out, double number);
void append_bytes(ByteBuffer& out, const Value& value);  // a binary or an extension

// Inline from here on: nearly all that a reply holds is short. put_...(): to a place with room for
// room_for(), returns the place behind what was written.

inline std::size_t room_for(std::string_view text) {
    return 5 + text.size();
}
inline std::size_t room_for(std::integral auto) {
    return 9;
}

inline char* put(char* to, std::same_as<bool> auto flag) {
    *to = boolean(flag);
    return to + 1;
}

inline char* put(char* to, std::uint64_t number) {
    if (number <= 0x7F) {
        *to = static_cast<char>(number);
        return to + 1;
    }
    // 0xCC to 0xCF take 1, 2, 4 or 8 bytes. Eight are written, those that count first.
    const unsigned width_log =
        (number > 0xFF ? 1U : 0U) + (number > 0xFFFF ? 1U : 0U) + (number > 0xFFFFFFFF ? 1U : 0U);
    *to = static_cast<char>(0xCC + width_log);
    store_big_endian(to + 1, number << (64U - (8U << width_log)));
    return to + 1 + (1U << width_log);
}

inline char* put(char* to, std::int64_t number) {
    return number >= 0 ? put(to, static_cast<std::uint64_t>(number)) : put_negative(to, number);
}

inline constexpr std::size_t short_text_max = 31;

// At most short_text_max bytes. Inline always: often their number is a constant.
[[gnu::always_inline]] inline char* put_short_text(char* to, std::string_view text) {
    *to = static_cast<char>(0xA0U | text.size());
    copy_short(to + 1, text.data(), text.size());
    return to + 1 + text.size();
}

inline char* put(char* to, std::string_view text) {
    return text.size() <= short_text_max ? put_short_text(to, text) : put_long_text(to, text);
}

inline void append_unsigned(ByteBuffer& out, std::uint64_t number) {
    out.taken_to(put(out.room(room_for(number)), number));
}
inline void append_integer(ByteBuffer& out, std::int64_t number) {
    out.taken_to(put(out.room(room_for(number)), number));
}
inline void append_text(ByteBuffer& out, std::string_view text) {
    out.taken_to(put(out.room(room_for(text)), text));
}

}  // namespace flyball::msgpack_form
