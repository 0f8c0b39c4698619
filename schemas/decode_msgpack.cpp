#include "schemas/decode_msgpack.h"

#include <bit>

namespace flyball {

namespace {

constexpr unsigned byte_of(char c) {
    return static_cast<unsigned char>(c);
}

// Of three codes in a row from `code` on: 1, 2 or 4 bytes of length.
constexpr std::size_t length_bytes(unsigned first, unsigned code) {
    return std::size_t{1} << (first - code);
}

}  // namespace

bool MsgpackReader::read(std::string_view payload, std::size_t& stopped) {
    at_ = payload.data();
    end_ = at_ + payload.size();
    bool good = read_value();
    if (good && at_ != end_) {
        good = tape_.fail(Reason::malformed, "there are bytes behind the end of the value");
    }
    stopped = static_cast<std::size_t>(at_ - payload.data());
    return good;
}

bool MsgpackReader::fail_at_end() {
    return tape_.fail(Reason::malformed, "the payload ends before its last value does");
}

bool MsgpackReader::read_value() {
    if (at_ == end_) {
        return fail_at_end();
    }
    const unsigned first = byte_of(*at_++);
    if (first <= 0x7F) {
        return tape_.add_integer(first);
    }
    if (first >= 0xA0 && first <= 0xBF) {
        return read_text(first & 0x1F);
    }
    if (first <= 0x8F) {
        return read_map(first & 0xF);
    }
    if (first <= 0x9F) {
        return read_array(first & 0xF);
    }
    if (first >= 0xE0) {
        return tape_.add_integer(std::int64_t{first} - 0x100);
    }
    return read_rare(first);
}

// 0xC0 to 0xDF: what has a code of its own, with a number or a length behind it.
bool MsgpackReader::read_rare(unsigned first) {
    std::uint64_t number = 0;
    if (first >= 0xCC && first <= 0xCF) {
        return take_number(length_bytes(first, 0xCC), number) && tape_.add_unsigned(number);
    }
    if (first >= 0xD0 && first <= 0xD3) {
        const std::size_t bytes = length_bytes(first, 0xD0);
        const std::size_t unused_bits = 64 - 8 * bytes;
        return take_number(bytes, number) &&
               tape_.add_integer(static_cast<std::int64_t>(number << unused_bits) >> unused_bits);
    }
    if (first >= 0xD4 && first <= 0xD8) {  // the byte in front of an extension is its type
        return read_bytes(Kind::extension, 1 + length_bytes(first, 0xD4));
    }
    if (first >= 0xD9 && first <= 0xDB) {
        return take_number(length_bytes(first, 0xD9), number) && read_text(number);
    }
    if (first >= 0xDC) {
        const bool map = first >= 0xDE;
        const auto take = [&] { return take_number(2 * length_bytes(first & 1U, 0), number); };
        return take() && (map ? read_map(static_cast<std::uint32_t>(number))
                              : read_array(static_cast<std::uint32_t>(number)));
    }
    if (first >= 0xC7 && first <= 0xC9) {
        return take_number(length_bytes(first, 0xC7), number) &&
               read_bytes(Kind::extension, 1 + number);
    }
    if (first >= 0xC4 && first <= 0xC6) {
        return take_number(length_bytes(first, 0xC4), number) && read_bytes(Kind::binary, number);
    }
    switch (first) {
        case 0xC0: return tape_.add_null();
        case 0xC2: return tape_.add_boolean(false);
        case 0xC3: return tape_.add_boolean(true);
        case 0xCA:
            return take_number(4, number) &&
                   tape_.add_real(std::bit_cast<float>(static_cast<std::uint32_t>(number)));
        case 0xCB: return take_number(8, number) && tape_.add_real(std::bit_cast<double>(number));
        default: break;
    }
    --at_;
    return tape_.fail(Reason::malformed, "a byte that msgpack does not use (0xc1)");
}

bool MsgpackReader::read_key() {
    if (at_ != end_ && (byte_of(*at_) & 0xE0) == 0xA0) [[likely]] {
        const std::size_t size = byte_of(*at_++) & 0x1F;
        if (!holds(size)) {
            return fail_at_end();
        }
        at_ += size;
        return tape_.add_key(at_ - size, size);
    }
    tape_.expect_key();
    return read_value();
}

bool MsgpackReader::read_map(std::uint32_t pairs) {
    if (!tape_.open(true, pairs)) {
        return false;
    }
    for (std::uint32_t pair = 0; pair < pairs; ++pair) {
        if (!read_key() || !read_value()) {
            return false;
        }
    }
    tape_.close();
    return true;
}

bool MsgpackReader::read_array(std::uint32_t elements) {
    if (!tape_.open(false, elements)) {
        return false;
    }
    for (std::uint32_t element = 0; element < elements; ++element) {
        if (!read_value()) {
            return false;
        }
    }
    tape_.close();
    return true;
}

bool MsgpackReader::read_text(std::size_t size) {
    if (!holds(size)) {
        return fail_at_end();
    }
    at_ += size;
    return tape_.add_text(at_ - size, size);
}

bool MsgpackReader::read_bytes(Kind kind, std::size_t size) {
    if (!holds(size)) {
        return fail_at_end();
    }
    at_ += size;
    return tape_.add_bytes(kind, at_ - size, size);
}

bool MsgpackReader::take_number(std::size_t bytes, std::uint64_t& number) {
    if (!holds(bytes)) {
        return fail_at_end();
    }
    for (; bytes > 0; --bytes) {
        number = number << 8 | byte_of(*at_++);
    }
    return true;
}

}  // namespace flyball
