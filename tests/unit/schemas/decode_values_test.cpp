// Every kind of value in every form that either encoding has for it, from one table.

#include <gtest/gtest.h>

#include <array>

#include "tests/unit/schemas/codec_vocabulary.h"

namespace flyball::testing {
namespace {

struct Row {
    std::string_view msgpack;  // the value alone, in hex; empty: msgpack cannot say this
    std::string_view json;     // the value alone; empty: JSON cannot say this
    std::string_view shown;
};

const std::array values{
    // integers of every width
    Row{"00", "0", "0"},
    Row{"7f", "127", "127"},
    Row{"ff", "-1", "-1"},
    Row{"e0", "-32", "-32"},
    Row{"cc 00", "", "0"},
    Row{"cc ff", "255", "255"},
    Row{"cd ffff", "65535", "65535"},
    Row{"cd 0001", "", "1"},
    Row{"ce ffffffff", "4294967295", "4294967295"},
    Row{"cf 000000000000000a", "", "10"},
    Row{"cf 7fffffffffffffff", "9223372036854775807", "9223372036854775807"},
    Row{"cf 8000000000000000", "9223372036854775808", "9223372036854775808u"},
    Row{"cf ffffffffffffffff", "18446744073709551615", "18446744073709551615u"},
    Row{"d0 80", "-128", "-128"},
    Row{"d0 05", "", "5"},
    Row{"d1 8000", "-32768", "-32768"},
    Row{"d2 80000000", "-2147483648", "-2147483648"},
    Row{"d3 8000000000000000", "-9223372036854775808", "-9223372036854775808"},
    Row{"d3 0000000000000007", "", "7"},
    // a float that is whole within 2^53 is that integer
    Row{"ca 42c80000", "100.0", "100"},
    Row{"cb 4059000000000000", "1e2", "100"},
    Row{"cb 8000000000000000", "-0.0", "0"},
    Row{"", "-0", "0"},
    Row{"", "1.0", "1"},
    Row{"", "10E-1", "1"},
    Row{"cb 4340000000000000", "9007199254740992.0", "9007199254740992"},
    Row{"cb c340000000000000", "-9007199254740992.0", "-9007199254740992"},
    Row{"cb 4340000000000001", "9007199254740994.0", "real 9007199254740994"},
    Row{"", "9007199254740992", "9007199254740992"},
    Row{"", "9007199254740993", "9007199254740993"},
    Row{"", "18446744073709551616", "real 1.8446744073709552e+19"},
    Row{"", "-9223372036854775809", "real -9.223372036854776e+18"},
    Row{"ca 3fc00000", "1.5", "real 1.5"},
    Row{"cb 3ff8000000000000", "15e-1", "real 1.5"},
    Row{"cb 7ff0000000000000", "", "real inf"},
    Row{"cb fff0000000000000", "", "real -inf"},
    Row{"ca 7fc00000", "", "real nan"},
    Row{"cb 0000000000000001", "5e-324", "real 5e-324"},
    Row{"", "1e-400", "0"},
    Row{"", "-1E-99999999999", "0"},
    Row{"", "0e40", "0"},
    Row{"", "-0.0e-0", "0"},
    Row{"", "0.1", "real 0.1"},
    Row{"", "1.7976931348623157e308", "real 1.7976931348623157e+308"},
    // null and booleans
    Row{"c0", "null", "null"},
    Row{"c2", "false", "false"},
    Row{"c3", "true", "true"},
    // texts of every width
    Row{"a0", "\"\"", "''"},
    Row{"a3 616263", "\"abc\"", "'abc'"},
    Row{"d9 03 616263", "\"\\u0061bc\"", "'abc'"},
    Row{"da 0003 616263", "\"a\\u0062c\"", "'abc'"},
    Row{"db 00000003 616263", "", "'abc'"},
    Row{"a2 c3a9", "\"\\u00e9\"", "'\xC3\xA9'"},
    Row{"a4 f09f9880", "\"\\ud83d\\ude00\"", "'\xF0\x9F\x98\x80'"},
    Row{"a4 f09f9880", "\"\xF0\x9F\x98\x80\"", "'\xF0\x9F\x98\x80'"},
    Row{"a3 efbfbf", "\"\\uFFFF\"", "'\xEF\xBF\xBF'"},
    Row{"a8 22 5c 2f 08 0c 0a 0d 09", "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "'\"\\/\b\f\n\r\t'"},
    Row{"a1 7f", "\"\x7F\"", "'\x7F'"},
    // binary and extensions
    Row{"c4 02 00ff", "", "bin 00ff"},
    Row{"c5 0002 00ff", "", "bin 00ff"},
    Row{"c6 00000002 00ff", "", "bin 00ff"},
    Row{"c4 00", "", "bin "},
    Row{"d4 05 01", "", "ext 0501"},
    Row{"d5 05 0102", "", "ext 050102"},
    Row{"d6 ff 00000001", "", "ext ff00000001"},
    Row{"d7 05 0102030405060708", "", "ext 050102030405060708"},
    Row{"d8 05 0102030405060708090a0b0c0d0e0f10", "", "ext 050102030405060708090a0b0c0d0e0f10"},
    Row{"c7 03 05 010203", "", "ext 05010203"},
    Row{"c8 0001 05 01", "", "ext 0501"},
    Row{"c9 00000001 05 01", "", "ext 0501"},
    Row{"c7 00 05", "", "ext 05"},
    // arrays and maps of every width
    Row{"90", "[]", "[]"},
    Row{"80", "{}", "{}"},
    Row{"93 01 02 03", "[1,2,3]", "[1,2,3]"},
    Row{"dc 0002 01 90", " [ 1 , [ ] ] ", "[1,[]]"},
    Row{"dd 00000001 80", "[{}]", "[{}]"},
    Row{"81 a162 91 c0", "{\"b\":[null]}", "{'b':[null]}"},
    Row{"de 0001 a162 01", "\t{\r\n\"b\" : 1 }", "{'b':1}"},
    Row{"df 00000002 a162 01 a163 81 a164 02", "{\"b\":1,\"c\":{\"d\":2}}", "{'b':1,'c':{'d':2}}"},
    Row{"82 a162 01 a162 02", "{\"b\":1,\"b\":2}", "{'b':1,'b':2}"},
    Row{"82 01 02 90 c0", "", "{1:2,[]:null}"},
};

TEST(DecodeValues, MsgpackFormsMeanWhatTheTableSays) {
    Decoder decoder;
    for (const Row& row : values) {
        if (row.msgpack.empty()) {
            continue;
        }
        const std::string payload = from_hex("81 a178") + from_hex(row.msgpack);
        EXPECT_EQ(show(decoder.decode(payload)), fmt::format("{{'x':{}}}", row.shown))
            << row.msgpack;
        const std::string batch = from_hex("92 91") + from_hex(row.msgpack) + from_hex("80");
        EXPECT_EQ(show(decoder.decode(batch)), fmt::format("[[{}],{{}}]", row.shown))
            << row.msgpack;
    }
}

TEST(DecodeValues, JsonFormsMeanWhatTheTableSays) {
    Decoder decoder;
    for (const Row& row : values) {
        if (row.json.empty()) {
            continue;
        }
        const std::string payload = fmt::format("{{\"x\":{}}}", row.json);
        EXPECT_EQ(show(decoder.decode(payload)), fmt::format("{{'x':{}}}", row.shown)) << row.json;
        const std::string batch = fmt::format("[[{}],{{}}]", row.json);
        EXPECT_EQ(show(decoder.decode(batch)), fmt::format("[[{}],{{}}]", row.shown)) << row.json;
    }
}

TEST(DecodeValues, ZeroBytesInsideATextArePartOfIt) {
    Decoder decoder;
    const std::string with_zero{"a\0b", 3};
    const Payload json = decoder.decode("{\"x\":\"a\\u0000b\"}");
    ASSERT_TRUE(json.good());
    EXPECT_EQ((json.root + 2)->text(), with_zero);
    const std::string bytes = from_hex("81 a178 a3 610062");
    const Payload msgpack = decoder.decode(bytes);
    ASSERT_TRUE(msgpack.good());
    EXPECT_EQ((msgpack.root + 2)->text(), with_zero);
}

TEST(DecodeValues, OptionalWhiteSpaceMayLeadAndTrailInJson) {
    Decoder decoder;
    EXPECT_EQ(show(decoder.decode(" \t\r\n{\"a\":1} \n")), "{'a':1}");
    EXPECT_EQ(show(decoder.decode("\n[ ]\t")), "[]");
}

TEST(DecodeValues, TheFirstByteDecidesTheEncoding) {
    for (const unsigned first : {0x80U, 0x8FU, 0x90U, 0x9FU, 0xDCU, 0xDDU, 0xDEU, 0xDFU}) {
        EXPECT_EQ(encoding_of(std::string(1, static_cast<char>(first))), Encoding::msgpack);
    }
    for (const unsigned first : {0x00U, 0x7BU, 0x5BU, 0x20U, 0x7FU, 0xA0U, 0xC0U, 0xDBU, 0xE0U}) {
        EXPECT_EQ(encoding_of(std::string(1, static_cast<char>(first))), Encoding::json);
    }
    EXPECT_EQ(encoding_of(""), Encoding::json);
}

TEST(DecodeValues, AnArrayIsABatchAndAMapIsNot) {
    Decoder decoder;
    EXPECT_TRUE(decoder.decode("[]").batch);
    EXPECT_TRUE(decoder.decode(from_hex("90")).batch);
    EXPECT_FALSE(decoder.decode("{}").batch);
    EXPECT_FALSE(decoder.decode(from_hex("80")).batch);
}

TEST(DecodeValues, TextsOfAJsonPayloadOutliveThePayload) {
    Decoder decoder;
    std::string payload = "{\"name\":\"va\\tlue\"}";
    const Payload decoded = decoder.decode(payload);
    payload.assign(payload.size(), '#');
    EXPECT_EQ(show(decoded), "{'name':'va\tlue'}");
}

}  // namespace
}  // namespace flyball::testing
