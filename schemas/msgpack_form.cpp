#include "schemas/msgpack_form.h"

#include <bit>
#include <cstring>
#include <limits>

#include "schemas/byte_order.h"

namespace flyball::msgpack_form {

namespace {

// A first byte and a number, most significant byte first.
template <typename Number>
char* put_wide(char* to, unsigned first, Number number) {
    *to = static_cast<char>(first);
    store_big_endian(to + 1, number);
    return to + 1 + sizeof(number);
}

// The first of three codes in a row that take the length in 1, 2 or 4 bytes.
char* put_length(char* to, unsigned code, std::size_t length) {
    if (length <= std::numeric_limits<std::uint8_t>::max()) {
        return put_wide(to, code, static_cast<std::uint8_t>(length));
    }
    if (length <= std::numeric_limits<std::uint16_t>::max()) {
        return put_wide(to, code + 1, static_cast<std::uint16_t>(length));
    }
    return put_wide(to, code + 2, static_cast<std::uint32_t>(length));
}

void append_length(ByteBuffer& out, unsigned code, std::size_t length) {
    out.taken_to(put_length(out.room(5), code, length));
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

char* put_negative(char* to, std::int64_t number) {
    if (number >= -32) {
        *to = static_cast<char>(number);
        return to + 1;
    }
    if (number >= std::numeric_limits<std::int8_t>::min()) {
        return put_wide(to, 0xD0, static_cast<std::uint8_t>(number));
    }
    if (number >= std::numeric_limits<std::int16_t>::min()) {
        return put_wide(to, 0xD1, static_cast<std::uint16_t>(number));
    }
    if (number >= std::numeric_limits<std::int32_t>::min()) {
        return put_wide(to, 0xD2, static_cast<std::uint32_t>(number));
    }
    return put_wide(to, 0xD3, static_cast<std::uint64_t>(number));
}

char* put_long_text(char* to, std::string_view text) {
    to = put_length(to, 0xD9, text.size());
    std::memcpy(to, text.data(), text.size());
    return to + text.size();
}

void append_real(ByteBuffer& out, double number) {
    out.taken_to(put_wide(out.room(9), 0xCB, std::bit_cast<std::uint64_t>(number)));
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
