#pragma once
// msgpack's shortest forms, appended to a string: what the writer of replies and whoever else needs
// the same bytes for the same value (hash chains) use.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

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

void append_unsigned(std::string& out, std::uint64_t number);
void append_integer(std::string& out, std::int64_t number);
void append_real(std::string& out, double number);
void append_text(std::string& out, std::string_view text);
void append_bytes(std::string& out, const Value& value);  // a binary or an extension

}  // namespace flyball::msgpack_form
