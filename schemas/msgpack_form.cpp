#include "schemas/msgpack_form.h"

#include <bit>
#include <limits>

#include "schemas/byte_order.h"

namespace flyball::msgpack_form {

namespace {

// A first byte and a number, most significant byte first.
template <typename Number>
void append_wide(ByteBuffer& out, unsigned first, Number number) {
    char* at = out.room(1 + sizeof(number));
    at[0] = static_cast<char>(first);
    store_big_endian(at + 1, number);
    out.taken(1 + sizeof(number));
}

// The first of three codes in a row that take the length in 1, 2 or 4 bytes.
void append_length(ByteBuffer& out, unsigned code, std::size_t length) {
    if (length <= std::numeric_limits<std::uint8_t>::max()) {
        append_wide(out, code, static_cast<std::uint8_t>(length));
    } else if (length <= std::numeric_limits<std::uint16_t>::max()) {
        append_wide(out, code + 1, static_cast<std::uint16_t>(length));
    } else {
        append_wide(out, code + 2, static_cast<std::uint32_t>(length));
    }
}

// ext of 1, 2, 4, 8 and 16 bytes have a code of their own.
bool append_fixed_extension(ByteBuffer& out, std::size_t length) {
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

void append_long_unsigned(ByteBuffer& out, std::uint64_t number) {
    if (number <= std::numeric_limits<std::uint8_t>::max()) {
        append_wide(out, 0xCC, static_cast<std::uint8_t>(number));
    } else if (number <= std::numeric_limits<std::uint16_t>::max()) {
        append_wide(out, 0xCD, static_cast<std::uint16_t>(number));
    } else if (number <= std::numeric_limits<std::uint32_t>::max()) {
        append_wide(out, 0xCE, static_cast<std::uint32_t>(number));
    } else {
        append_wide(out, 0xCF, number);
    }
}

void append_negative(ByteBuffer& out, std::int64_t number) {
    if (number >= -32) {
        out.push_back(static_cast<char>(number));
    } else if (number >= std::numeric_limits<std::int8_t>::min()) {
        append_wide(out, 0xD0, static_cast<std::uint8_t>(number));
    } else if (number >= std::numeric_limits<std::int16_t>::min()) {
        append_wide(out, 0xD1, static_cast<std::uint16_t>(number));
    } else if (number >= std::numeric_limits<std::int32_t>::min()) {
        append_wide(out, 0xD2, static_cast<std::uint32_t>(number));
    } else {
        append_wide(out, 0xD3, static_cast<std::uint64_t>(number));
    }
}

void append_real(ByteBuffer& out, double number) {
    append_wide(out, 0xCB, std::bit_cast<std::uint64_t>(number));
}

void append_long_text(ByteBuffer& out, std::string_view text) {
    append_length(out, 0xD9, text.size());
    out.append(text);
}

void append_bytes(ByteBuffer& out, const Value& value) {
    if (value.is(Kind::binary)) {
        append_length(out, 0xC4, value.count);
    } else if (!append_fixed_extension(out, value.count - 1)) {
        append_length(out, 0xC7, value.count - 1);  // the type byte is not counted
    }
    out.append({value.bytes, value.count});
}

}  // namespace flyball::msgpack_form
