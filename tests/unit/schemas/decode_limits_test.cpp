// Every bound of Limits: what just fits is taken, one more is too_large, in both encodings.

#include <gtest/gtest.h>

#include "tests/unit/schemas/codec_vocabulary.h"

namespace flyball::testing {
namespace {

std::string outcome(const std::string& payload, const Limits& limits = {}) {
    Decoder decoder(limits);
    const Payload decoded = decoder.decode(payload);
    return decoded.good() ? "good" : std::string(to_text(decoded.fault.reason));
}

std::string message(const std::string& payload) {
    Decoder decoder;
    return std::string(decoder.decode(payload).fault.message);
}

std::string repeat(std::string_view piece, std::size_t times, std::string_view between = "") {
    std::string text;
    for (std::size_t i = 0; i < times; ++i) {
        text += i > 0 ? between : "";
        text += piece;
    }
    return text;
}

std::string json_array(std::string_view element, std::size_t count) {
    return "[" + repeat(element, count, ",") + "]";
}

std::string msgpack_array(std::string_view element_hex, std::size_t count) {
    return from_hex(fmt::format("dc {:04x}", count)) + repeat(from_hex(element_hex), count);
}

TEST(DecodeLimits, PayloadBytes) {
    const std::string json = "{\"a\":1}";
    EXPECT_EQ(outcome(json, {.payload_bytes = 7}), "good");
    EXPECT_EQ(outcome(json, {.payload_bytes = 6}), "too_large");
    EXPECT_EQ(outcome(from_hex("81 a161 01"), {.payload_bytes = 4}), "good");
    EXPECT_EQ(outcome(from_hex("81 a161 01"), {.payload_bytes = 3}), "too_large");
    EXPECT_EQ(outcome("[" + std::string(256 * 1024, ' ') + "]"), "too_large");
    EXPECT_EQ(outcome(std::string(256 * 1024 + 1, 'x')), "too_large");
}

TEST(DecodeLimits, NestingCountsTheOutermost) {
    for (const std::size_t depth : {8U, 9U}) {
        const std::string expected = depth == 8 ? "good" : "too_large";
        EXPECT_EQ(outcome(repeat("[", depth) + repeat("]", depth)), expected);
        EXPECT_EQ(outcome("{\"a\":" + repeat("[", depth - 1) + repeat("]", depth - 1) + "}"),
                  expected);
        EXPECT_EQ(outcome(std::string(depth - 1, '\x91') + '\x90'), expected);
        EXPECT_EQ(outcome(repeat(from_hex("81a161"), depth - 1) + '\x80'), expected);
    }
    EXPECT_EQ(outcome(std::string(200'000, '[')), "too_large");
    EXPECT_EQ(outcome(std::string(200'000, '\x91')), "too_large");
}

TEST(DecodeLimits, StringBytesOfValuesAndKeys) {
    for (const std::size_t size : {1024U, 1025U}) {
        const std::string expected = size == 1024 ? "good" : "too_large";
        const std::string text(size, 'x');
        const std::string length = from_hex(fmt::format("{:04x}", size));
        EXPECT_EQ(outcome("{\"a\":\"" + text + "\"}"), expected);
        EXPECT_EQ(outcome("{\"" + text + "\":1}"), expected);
        EXPECT_EQ(outcome(from_hex("81 a161 da") + length + text), expected);
        EXPECT_EQ(outcome(from_hex("81 da") + length + text + from_hex("01")), expected);
        EXPECT_EQ(outcome(from_hex("81 a161 c5") + length + text), expected);
    }
    // What counts is the text, not how it is escaped.
    EXPECT_EQ(outcome("{\"a\":\"" + repeat("\\u0041", 1024) + "\"}"), "good");
    EXPECT_EQ(message("{\"a\":\"" + std::string(1025, 'x') + "\"}"),
              "a string is longer than this node's limit");
}

TEST(DecodeLimits, MapKeys) {
    for (const int keys : {64, 65}) {
        const std::string expected = keys == 64 ? "good" : "too_large";
        std::string json;
        std::string msgpack = from_hex(fmt::format("de {:04x}", keys));
        for (int i = 0; i < keys; ++i) {
            json += fmt::format("{}\"k{:02}\":0", i > 0 ? "," : "{", i);
            msgpack += from_hex("a3") + fmt::format("k{:02}", i) + from_hex("00");
        }
        json += "}";
        EXPECT_EQ(outcome(json), expected);
        EXPECT_EQ(outcome("{\"x\":" + json + "}"), expected);
        EXPECT_EQ(outcome(msgpack), expected);
        EXPECT_EQ(outcome(from_hex("81 a178") + msgpack), expected);
    }
}

TEST(DecodeLimits, ValuesBelowOneEntryKeysNotCounted) {
    // {"x":[...]}: the array is one value.
    for (const std::size_t elements : {1023U, 1024U}) {
        const std::string expected = elements == 1023 ? "good" : "too_large";
        const std::string json = "{\"x\":" + json_array("0", elements) + "}";
        const std::string msgpack = from_hex("81 a178") + msgpack_array("00", elements);
        EXPECT_EQ(outcome(json), expected);
        EXPECT_EQ(outcome("[" + json + "]"), expected);
        EXPECT_EQ(outcome("[" + json + "," + json + "]"), expected);
        EXPECT_EQ(outcome(msgpack), expected);
        EXPECT_EQ(outcome('\x92' + msgpack + msgpack), expected);
    }
    EXPECT_EQ(message("{\"x\":" + json_array("0", 1024) + "}"),
              "a request has more values than this node's limit");
}

TEST(DecodeLimits, ValuesInAll) {
    // 32 entries, each a value itself, with 1,023 values more: 32,768.
    const std::string json_entry = "{\"x\":" + json_array("0", 1022) + "}";
    const std::string msgpack_entry = from_hex("81 a178") + msgpack_array("00", 1022);
    EXPECT_EQ(outcome("[" + repeat(json_entry, 32, ",") + "]"), "good");
    EXPECT_EQ(outcome("[" + repeat(json_entry, 32, ",") + ",1]"), "too_large");
    EXPECT_EQ(outcome(from_hex("dc 0020") + repeat(msgpack_entry, 32)), "good");
    EXPECT_EQ(outcome(from_hex("dc 0021") + repeat(msgpack_entry, 32) + from_hex("01")),
              "too_large");
    EXPECT_EQ(message("[" + repeat(json_entry, 32, ",") + ",1]"),
              "the payload has more values than this node's limit");
}

TEST(DecodeLimits, EntriesOfABatch) {
    for (const std::size_t entries : {1024U, 1025U}) {
        const std::string expected = entries == 1024 ? "good" : "too_large";
        EXPECT_EQ(outcome(json_array("{}", entries)), expected);
        EXPECT_EQ(outcome(json_array("0", entries)), expected);
        EXPECT_EQ(outcome(msgpack_array("80", entries)), expected);
        EXPECT_EQ(outcome(msgpack_array("00", entries)), expected);
    }
}

TEST(DecodeLimits, APromiseOfManyElementsSetsNoMemoryAside) {
    for (const std::string_view bomb :
         {"dd ffffffff", "df ffffffff", "91 dd ffffffff", "81 a161 dd ffffffff",
          "81 a161 df ffffffff", "81 a161 db ffffffff", "81 a161 c6 ffffffff",
          "81 a161 c9 ffffffff 05", "98 dc ffff dc ffff dc ffff"}) {
        Decoder decoder;
        const Payload decoded = decoder.decode(from_hex(bomb));
        EXPECT_FALSE(decoded.good()) << bomb;
        EXPECT_LT(decoder.memory_bytes(), 16U * 1024) << bomb;
    }
}

TEST(DecodeLimits, TheWorstPayloadStaysBelowTwoMegabytes) {
    Decoder decoder;
    const std::string wide = from_hex("81 a178") + msgpack_array("00", 1022);
    EXPECT_TRUE(decoder.decode(from_hex("dc 0020") + repeat(wide, 32)).good());
    EXPECT_LT(decoder.memory_bytes(), 2U * 1024 * 1024);
    decoder.shrink();
    EXPECT_LT(decoder.memory_bytes(), 4U * 1024);
    EXPECT_EQ(show(decoder.decode("{}")), "{}");
}

TEST(DecodeLimits, NewLimitsHoldFromTheNextPayloadOn) {
    Decoder decoder;
    EXPECT_TRUE(decoder.decode("[[]]").good());
    decoder.set_limits({.nesting = 1});
    EXPECT_EQ(decoder.decode("[[]]").fault.reason, Reason::too_large);
    decoder.set_limits({.nesting = 20});
    EXPECT_TRUE(decoder.decode(repeat("[", 20) + repeat("]", 20)).good());
}

}  // namespace
}  // namespace flyball::testing
