// What holds for any bytes at all: no crash, no half answer; and for msgpack the library's own
// unpack() as a second opinion.

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#define MSGPACK_NO_BOOST
#include <msgpack.hpp>

#include "schemas/writer.h"
#include "tests/unit/schemas/codec_vocabulary.h"

namespace flyball::testing {
namespace {

constexpr std::array<std::string_view, 1> read_maps{"b"};

std::string as_string(const std::vector<std::uint8_t>& bytes) {
    return {bytes.begin(), bytes.end()};
}

void write_any(Writer& writer, int depth);

void write_scalar(Writer& writer) {
    switch (*rc::gen::inRange(0, 6)) {
        case 0: writer.null(); break;
        case 1: writer.boolean(*rc::gen::arbitrary<bool>()); break;
        case 2: writer.integer(*rc::gen::arbitrary<std::int64_t>()); break;
        case 3: writer.unsigned_integer(*rc::gen::arbitrary<std::uint64_t>()); break;
        case 4: writer.real(*rc::gen::arbitrary<double>()); break;
        default:
            writer.text(*rc::gen::element<std::string>("", "plain", "a\"b\\c\n\x01", "\xC3\xA9",
                                                       "\xF0\x9F\x98\x80", std::string(40, 'x'),
                                                       std::string(300, 'y')));
            break;
    }
}

void write_members(Writer& writer, int depth, bool map) {
    const int count =
        *rc::gen::weightedOneOf<int>({{5, rc::gen::inRange(0, 4)}, {1, rc::gen::inRange(14, 20)}});
    for (int i = 0; i < count; ++i) {
        if (map) {
            writer.key(fmt::format("{}", static_cast<char>('a' + i)));
        }
        write_any(writer, depth + 1);
    }
}

void write_any(Writer& writer, int depth) {
    const int choice = depth >= 4 ? 0 : *rc::gen::inRange(0, 4);
    if (choice == 2) {
        writer.begin_map();
        write_members(writer, depth, true);
        writer.end_map();
    } else if (choice == 3) {
        writer.begin_array();
        write_members(writer, depth, false);
        writer.end_array();
    } else {
        write_scalar(writer);
    }
}

std::string any_payload(Encoding encoding) {
    Writer writer(encoding);
    const bool map = *rc::gen::arbitrary<bool>();
    map ? writer.begin_map() : writer.begin_array();
    write_members(writer, 0, map);
    map ? writer.end_map() : writer.end_array();
    return std::string(writer.bytes());
}

// The library's object as one line, by the rules of the tape.
std::string show_object(const msgpack::object& object);

std::string show_real(double number) {
    const bool whole = std::abs(number) <= 9007199254740992.0 && std::trunc(number) == number;
    return whole ? fmt::format("{}", static_cast<std::int64_t>(number))
                 : fmt::format("real {}", number);
}

std::string show_pairs(const msgpack::object_map& map) {
    std::string inside;
    for (std::uint32_t i = 0; i < map.size; ++i) {
        inside += i > 0 ? "," : "";
        inside += show_object(map.ptr[i].key) + ":" + show_object(map.ptr[i].val);
    }
    return "{" + inside + "}";
}

std::string show_object(const msgpack::object& object) {
    switch (object.type) {
        case msgpack::type::NIL: return "null";
        case msgpack::type::BOOLEAN: return object.via.boolean ? "true" : "false";
        case msgpack::type::POSITIVE_INTEGER:
            return fmt::format("{}{}", object.via.u64,
                               object.via.u64 > 0x7FFFFFFFFFFFFFFF ? "u" : "");
        case msgpack::type::NEGATIVE_INTEGER: return fmt::format("{}", object.via.i64);
        case msgpack::type::FLOAT32:
        case msgpack::type::FLOAT64: return show_real(object.via.f64);
        case msgpack::type::STR:
            return fmt::format("'{}'", std::string_view(object.via.str.ptr, object.via.str.size));
        case msgpack::type::BIN: return "bin " + to_hex({object.via.bin.ptr, object.via.bin.size});
        case msgpack::type::EXT:
            return "ext " + to_hex({object.via.ext.ptr, object.via.ext.size + 1});
        case msgpack::type::MAP: return show_pairs(object.via.map);
        case msgpack::type::ARRAY: break;
    }
    std::string inside;
    for (std::uint32_t i = 0; i < object.via.array.size; ++i) {
        inside += i > 0 ? "," : "";
        inside += show_object(object.via.array.ptr[i]);
    }
    return "[" + inside + "]";
}

void check_answer(const Payload& decoded, std::string_view payload) {
    if (decoded.good()) {
        RC_ASSERT(decoded.root != nullptr);
        RC_ASSERT(show(*decoded.root).find("does not match") == std::string::npos);
    } else {
        RC_ASSERT(decoded.root == nullptr);
        RC_ASSERT(!decoded.fault.message.empty());
        RC_ASSERT(decoded.fault.offset <= payload.size());
        RC_ASSERT(decoded.fault.reason == Reason::malformed ||
                  decoded.fault.reason == Reason::too_large);
    }
    if (decoded.good() && decoded.encoding == Encoding::msgpack) {
        const msgpack::object_handle second = msgpack::unpack(payload.data(), payload.size());
        RC_ASSERT(show(*decoded.root) == show_object(second.get()));
    }
}

RC_GTEST_PROP(DecodeProperty, AnyBytesGetAnAnswer, (const std::vector<std::uint8_t>& tail)) {
    Decoder decoder;
    const auto first = *rc::gen::element<std::uint8_t>(0x81, 0x82, 0x92, 0xDC, 0xDE, '{', '[');
    const std::string payload = std::string(1, static_cast<char>(first)) + as_string(tail);
    check_answer(decoder.decode(payload, read_maps), payload);
}

RC_GTEST_PROP(DecodeProperty, ADamagedPayloadGetsAnAnswer, ()) {
    const auto encoding = *rc::gen::element(Encoding::msgpack, Encoding::json);
    std::string payload = any_payload(encoding);
    const int damages = *rc::gen::inRange(1, 4);
    for (int i = 0; i < damages && !payload.empty(); ++i) {
        const auto at = *rc::gen::inRange<std::size_t>(0, payload.size());
        switch (*rc::gen::inRange(0, 3)) {
            case 0: payload[at] = *rc::gen::arbitrary<char>(); break;
            case 1: payload.erase(at, 1); break;
            default: payload.insert(at, 1, *rc::gen::arbitrary<char>()); break;
        }
    }
    Decoder decoder;
    check_answer(decoder.decode(payload, read_maps), payload);
}

RC_GTEST_PROP(DecodeProperty, WhatTheWriterWroteComesBackTheSame, ()) {
    const auto encoding = *rc::gen::element(Encoding::msgpack, Encoding::json);
    const std::string payload = any_payload(encoding);
    Decoder decoder;
    const Payload decoded = decoder.decode(payload, read_maps);
    RC_ASSERT(decoded.good());
    RC_ASSERT(decoded.encoding == encoding);
    check_answer(decoded, payload);
    Writer again(encoding);
    again.value(*decoded.root);
    Decoder second;
    RC_ASSERT(show(second.decode(again.bytes())) == show(decoded));
}

RC_GTEST_PROP(DecodeProperty, BothEncodingsCarryTheSameValue, ()) {
    const std::string payload = any_payload(Encoding::msgpack);
    Decoder msgpack_decoder;
    const Payload decoded = msgpack_decoder.decode(payload);
    RC_ASSERT(decoded.good());
    Writer json(Encoding::json);
    json.value(*decoded.root);
    Decoder json_decoder;
    RC_ASSERT(show(json_decoder.decode(json.bytes())) == show(decoded));
}

RC_GTEST_PROP(DecodeProperty, AReusedDecoderRemembersNothing, ()) {
    Decoder reused;
    for (int i = 0; i < 4; ++i) {
        std::string payload = any_payload(*rc::gen::element(Encoding::msgpack, Encoding::json));
        payload.resize(*rc::gen::inRange<std::size_t>(0, payload.size() + 1));
        Decoder fresh;
        RC_ASSERT(show(reused.decode(payload, read_maps)) ==
                  show(fresh.decode(payload, read_maps)));
    }
}

}  // namespace
}  // namespace flyball::testing
