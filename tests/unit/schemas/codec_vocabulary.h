#pragma once
// What the tests of the codecs say things in: bytes as hex, a tape as one line of text.

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "schemas/decode.h"
#include "schemas/value.h"

namespace flyball::testing {

// "82 a161 01" -> bytes; anything that is no hex digit is skipped.
inline std::string from_hex(std::string_view text) {
    const auto digit = [](char c) {
        return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
    };
    std::string bytes;
    int high = -1;
    for (const char c : text) {
        if (digit(c) < 0) {
            continue;
        }
        if (high < 0) {
            high = digit(c);
        } else {
            bytes.push_back(static_cast<char>(high * 16 + digit(c)));
            high = -1;
        }
    }
    return bytes;
}

inline std::string to_hex(std::string_view bytes) {
    std::string text;
    for (const char c : bytes) {
        text += fmt::format("{:02x}", static_cast<unsigned char>(c));
    }
    return text;
}

// A value as one line; `next` is where the walk by children ended, to be held against the span.
inline std::string show(const Value& value, const Value*& next) {
    next = &value + 1;
    switch (value.kind) {
        case Kind::null: return "null";
        case Kind::boolean: return value.boolean ? "true" : "false";
        case Kind::integer: return fmt::format("{}", value.integer);
        case Kind::unsigned_integer: return fmt::format("{}u", value.unsigned_integer);
        case Kind::real: return fmt::format("real {}", value.real);
        case Kind::text: return fmt::format("'{}'", value.text());
        case Kind::binary: return "bin " + to_hex(value.text());
        case Kind::extension: return "ext " + to_hex({value.bytes, value.count});
        case Kind::array:
        case Kind::map: break;
    }
    std::string inside;
    for (std::uint32_t i = 0; i < value.count; ++i) {
        inside += i > 0 ? "," : "";
        if (value.is(Kind::map)) {
            inside += show(*next, next) + ":";
        }
        inside += show(*next, next);
    }
    if (next != value.next_sibling()) {
        return "a span that does not match its children";
    }
    return value.is(Kind::map) ? "{" + inside + "}" : "[" + inside + "]";
}

inline std::string show(const Value& value) {
    const Value* next = nullptr;
    return show(value, next);
}

// What became of a payload: its value, or "malformed" or "too_large".
inline std::string show(const Payload& payload) {
    return payload.good() ? show(*payload.root) : std::string(to_text(payload.fault.reason));
}

}  // namespace flyball::testing
