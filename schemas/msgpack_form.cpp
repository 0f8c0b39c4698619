#include "schemas/msgpack_form.h"

#include <bit>
#include <limits>

namespace flyball::msgpack_form {

namespace {

// A first byte and `width` bytes of a number, most significant first.
void append_wide(std::string& out, unsigned first, std::uint64_t number, unsigned width) {
    char bytes[9];
    bytes[0] = static_cast<char>(first);
    for (unsigned i = 0; i < width; ++i) {
        bytes[width - i] = static_cast<char>((number >> (8 * i)) & 0xFF);
    }
    out.append(bytes, width + 1);
}

// The first of three codes in a row that take the length in 1, 2 or 4 bytes.
void append_length(std::string& out, unsigned code, std::size_t length) {
    if (length <= std::numeric_limits<std::uint8_t>::max()) {
        append_wide(out, code, length, 1);
    } else if (length <= std::numeric_limits<std::uint16_t>::max()) {
        append_wide(out, code + 1, length, 2);
    } else {
        append_wide(out, code + 2, length, 4);
    }
}

// ext of 1, 2, 4, 8 and 16 bytes have a code of their own.
bool append_fixed_extension(std::string& out, std::size_t length) {
    if (length > 16 || !std::has_single_bit(length)) {
        return false;
    }
    out.push_back(static_cast<char>(0xD4 + std::countr_zero(length)));
    return true;
}

}  // namespace

Header container(bool map, std::uint32_t count) {
    if (count <= fix_container_max) {
        return {{fix_container(map, count)}, 1};
    }
    const auto byte = [count](unsigned shift) {
        return static_cast<char>((count >> shift) & 0xFF);
    };
    if (count <= std::numeric_limits<std::uint16_t>::max()) {
        return {{map ? '\xDE' : '\xDC', byte(8), byte(0)}, 3};
    }
    return {{map ? '\xDF' : '\xDD', byte(24), byte(16), byte(8), byte(0)}, 5};
}

void append_unsigned(std::string& out, std::uint64_t number) {
    if (number <= 0x7F) {
        out.push_back(static_cast<char>(number));
    } else if (number <= std::numeric_limits<std::uint8_t>::max()) {
        append_wide(out, 0xCC, number, 1);
    } else if (number <= std::numeric_limits<std::uint16_t>::max()) {
        append_wide(out, 0xCD, number, 2);
    } else if (number <= std::numeric_limits<std::uint32_t>::max()) {
        append_wide(out, 0xCE, number, 4);
    } else {
        append_wide(out, 0xCF, number, 8);
    }
}

void append_integer(std::string& out, std::int64_t number) {
    const auto bits = static_cast<std::uint64_t>(number);
    if (number >= 0) {
        append_unsigned(out, bits);
    } else if (number >= -32) {
        out.push_back(static_cast<char>(number));
    } else if (number >= std::numeric_limits<std::int8_t>::min()) {
        append_wide(out, 0xD0, bits, 1);
    } else if (number >= std::numeric_limits<std::int16_t>::min()) {
        append_wide(out, 0xD1, bits, 2);
    } else if (number >= std::numeric_limits<std::int32_t>::min()) {
        append_wide(out, 0xD2, bits, 4);
    } else {
        append_wide(out, 0xD3, bits, 8);
    }
}

void append_real(std::string& out, double number) {
    append_wide(out, 0xCB, std::bit_cast<std::uint64_t>(number), 8);
}

void append_text(std::string& out, std::string_view text) {
    if (text.size() <= 31) {
        out.push_back(static_cast<char>(0xA0U | text.size()));
    } else {
        append_length(out, 0xD9, text.size());
    }
    out.append(text);
}

void append_bytes(std::string& out, const Value& value) {
    if (value.is(Kind::binary)) {
        append_length(out, 0xC4, value.count);
    } else if (!append_fixed_extension(out, value.count - 1)) {
        append_length(out, 0xC7, value.count - 1);  // the type byte is not counted
    }
    out.append(value.bytes, value.count);
}

}  // namespace flyball::msgpack_form
