#include "schemas/writer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/unit/schemas/codec_vocabulary.h"

namespace flyball::testing {
namespace {

constexpr std::int64_t least = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();

TEST(Writer, WritesIntegersInTheirShortestForm) {
    struct Row {
        std::int64_t number;
        std::string_view msgpack;
    };
    for (const Row& row : {Row{0, "00"},
                           Row{127, "7f"},
                           Row{128, "cc80"},
                           Row{255, "ccff"},
                           Row{256, "cd0100"},
                           Row{65535, "cdffff"},
                           Row{65536, "ce00010000"},
                           Row{4294967295, "ceffffffff"},
                           Row{4294967296, "cf0000000100000000"},
                           Row{most, "cf7fffffffffffffff"},
                           Row{-1, "ff"},
                           Row{-32, "e0"},
                           Row{-33, "d0df"},
                           Row{-128, "d080"},
                           Row{-129, "d1ff7f"},
                           Row{-32768, "d18000"},
                           Row{-32769, "d2ffff7fff"},
                           Row{-2147483648, "d280000000"},
                           Row{-2147483649, "d3ffffffff7fffffff"},
                           Row{least, "d38000000000000000"}}) {
        Writer writer(Encoding::msgpack);
        writer.integer(row.number);
        EXPECT_EQ(to_hex(writer.bytes()), row.msgpack);
        writer.restart(Encoding::json);
        writer.integer(row.number);
        EXPECT_EQ(writer.bytes(), fmt::format("{}", row.number));
    }
    Writer writer(Encoding::msgpack);
    writer.unsigned_integer(18446744073709551615U);
    EXPECT_EQ(to_hex(writer.bytes()), "cfffffffffffffffff");
}

TEST(Writer, WritesTextsInTheirShortestForm) {
    for (const auto& [size, header] : {std::pair<std::size_t, std::string_view>{0, "a0"},
                                       {31, "bf"},
                                       {32, "d920"},
                                       {255, "d9ff"},
                                       {256, "da0100"},
                                       {65535, "daffff"},
                                       {65536, "db00010000"}}) {
        Writer writer(Encoding::msgpack);
        writer.text(std::string(size, 'x'));
        EXPECT_EQ(to_hex(writer.bytes().substr(0, writer.bytes().size() - size)), header);
    }
}

TEST(Writer, WritesTextsOfEveryShortLengthWhole) {
    const std::string_view letters = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEF";
    for (std::size_t size = 0; size <= letters.size(); ++size) {
        Writer writer(Encoding::msgpack);
        writer.begin_map();
        writer.field(letters.substr(0, size), letters.substr(0, size));
        writer.field("end", 1);
        writer.end_map();
        Decoder decoder;
        const std::string text(letters.substr(0, size));
        EXPECT_EQ(show(decoder.decode(writer.bytes())), "{'" + text + "':'" + text + "','end':1}");
    }
}

TEST(Writer, ContainersTakeTheShortestHeaderForWhatTheyHold) {
    for (const auto& [count, map, array] :
         {std::tuple<int, std::string_view, std::string_view>{0, "80", "90"},
          {15, "8f", "9f"},
          {16, "de0010", "dc0010"},
          {65535, "deffff", "dcffff"},
          {65536, "df00010000", "dd00010000"}}) {
        Writer writer(Encoding::msgpack);
        writer.begin_map();
        for (int i = 0; i < count; ++i) {
            writer.field("", 0);
        }
        writer.end_map();
        EXPECT_EQ(to_hex(writer.bytes().substr(0, map.size() / 2)), map);
        writer.restart(Encoding::msgpack);
        writer.begin_array();
        for (int i = 0; i < count; ++i) {
            writer.null();
        }
        writer.end_array();
        EXPECT_EQ(to_hex(writer.bytes().substr(0, array.size() / 2)), array);
    }
}

TEST(Writer, ALongContainerInsideALongContainerKeepsItsContents) {
    Writer writer(Encoding::msgpack);
    std::string expected;
    writer.begin_array();
    for (int i = 0; i < 20; ++i) {
        writer.begin_map();
        std::string inside;
        for (int k = 0; k < 10 + i; ++k) {
            writer.field(fmt::format("k{}", k), k);
            inside += fmt::format("{}'k{}':{}", k > 0 ? "," : "", k, k);
        }
        writer.end_map();
        expected += (i > 0 ? ",{" : "{") + inside + "}";
    }
    writer.end_array();
    Decoder decoder;
    EXPECT_EQ(show(decoder.decode(writer.bytes())), "[" + expected + "]");
}

TEST(Writer, JsonIsEscapedWhereItMustBe) {
    struct Row {
        std::string text;
        std::string_view json;
    };
    for (const Row& row :
         {Row{"plain", "\"plain\""}, Row{"", "\"\""}, Row{"a\"b\\c/", "\"a\\\"b\\\\c/\""},
          Row{"\n\r\t\b", "\"\\n\\r\\t\\u0008\""},
          Row{std::string("\0\x1F", 2), "\"\\u0000\\u001f\""}, Row{"\x7F", "\"\x7F\""},
          Row{"caf\xC3\xA9 \xF0\x9F\x98\x80", "\"caf\xC3\xA9 \xF0\x9F\x98\x80\""},
          Row{"bad\xFF!", "\"bad\xEF\xBF\xBD!\""},
          Row{"cut\xE2\x82", "\"cut\xEF\xBF\xBD\xEF\xBF\xBD\""},
          Row{"\xED\xA0\x80", "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""}}) {
        Writer writer(Encoding::json);
        writer.text(row.text);
        EXPECT_EQ(writer.bytes(), row.json);
        writer.restart(Encoding::json);
        writer.begin_map();
        writer.field(row.text, true);
        writer.end_map();
        EXPECT_EQ(writer.bytes(), fmt::format("{{{}:true}}", row.json));
    }
}

TEST(Writer, RealsStayRealsAndOnlyFiniteOnesAreWritten) {
    struct Row {
        double number;
        std::string_view json;
        std::string_view msgpack;
    };
    const double infinity = std::numeric_limits<double>::infinity();
    for (const Row& row :
         {Row{1.5, "1.5", "cb3ff8000000000000"}, Row{0.0, "0.0", "cb0000000000000000"},
          Row{29443453624395000.0, "29443453624395000.0", "cb435a26aa908f893e"},
          Row{1e22, "1e+22", "cb4480f0cf064dd592"}, Row{infinity, "null", "c0"},
          Row{-infinity, "null", "c0"}, Row{std::nan(""), "null", "c0"}}) {
        Writer writer(Encoding::json);
        writer.real(row.number);
        EXPECT_EQ(writer.bytes(), row.json);
        writer.restart(Encoding::msgpack);
        writer.real(row.number);
        EXPECT_EQ(to_hex(writer.bytes()), row.msgpack);
    }
}

TEST(Writer, WritesAWholeDocumentInBothEncodings) {
    const auto write = [](Writer& writer) {
        writer.begin_map();
        writer.field("text", "x");
        writer.field("view", std::string_view("y"));
        writer.field("int", -1);
        writer.field("big", std::uint64_t{1} << 63);
        writer.field("flag", false);
        writer.key("list");
        writer.begin_array();
        writer.null();
        writer.begin_map();
        writer.end_map();
        writer.id({.form = Id::Form::text, .number = 0, .text = "42"});
        writer.id({.form = Id::Form::number, .number = 42, .text = {}});
        writer.end_array();
        writer.end_map();
    };
    Writer writer(Encoding::json);
    write(writer);
    EXPECT_EQ(writer.bytes(),
              R"({"text":"x","view":"y","int":-1,"big":9223372036854775808,"flag":false,)"
              R"("list":[null,{},"42",42]})");
    writer.restart(Encoding::msgpack);
    write(writer);
    Decoder decoder;
    EXPECT_EQ(show(decoder.decode(writer.bytes())),
              "{'text':'x','view':'y','int':-1,'big':9223372036854775808u,'flag':false,"
              "'list':[null,{},'42',42]}");
}

TEST(Writer, ADocumentWrittenEarlierIsOneValue) {
    for (const Encoding encoding : {Encoding::msgpack, Encoding::json}) {
        Writer inner(encoding);
        inner.begin_map();
        inner.field("a", 1);
        inner.end_map();
        Writer writer(encoding);
        writer.begin_array();
        writer.raw(inner.bytes());
        writer.raw(inner.bytes());
        writer.end_array();
        Decoder decoder;
        EXPECT_EQ(show(decoder.decode(writer.bytes())), "[{'a':1},{'a':1}]");
    }
}

TEST(Writer, BinaryDataAndExtensionsComeOutOfMsgpackAsTheyCameIn) {
    for (const std::string_view form :
         {"c4020102", "d40501", "d5050102", "d60501020304", "d7050102030405060708",
          "d8050102030405060708090a0b0c0d0e0f10", "c70305010203", "c70005"}) {
        const std::string payload = from_hex("91") + from_hex(form);
        Decoder decoder;
        const Payload decoded = decoder.decode(payload);
        Writer writer(Encoding::msgpack);
        writer.value(*decoded.root);
        EXPECT_EQ(to_hex(writer.bytes()), to_hex(payload));
        writer.restart(Encoding::json);
        writer.value(*decoded.root);
        EXPECT_EQ(writer.bytes(), "[null]");
    }
}

TEST(Writer, KeysThatAreNoTextsAreNamedByTheirKindInJson) {
    Decoder decoder;
    const std::string payload = from_hex("81 a178 82 01 02 c0 90");
    Writer writer(Encoding::json);
    writer.value(*decoder.decode(payload).root);
    EXPECT_EQ(writer.bytes(), R"({"x":{"integer":2,"null":[]}})");
}

TEST(Writer, ShrinkGivesBackOnlyWhatIsUnusuallyLarge) {
    Writer writer(Encoding::json);
    writer.text(std::string(100'000, 'x'));
    writer.shrink(300'000);
    EXPECT_GE(writer.memory_bytes(), 100'000U);
    writer.shrink(50'000);
    EXPECT_LT(writer.memory_bytes(), 1'000U);
    writer.restart(Encoding::json);
    writer.boolean(true);
    EXPECT_EQ(writer.bytes(), "true");
}

TEST(WriterDeathTest, MisuseIsABugOfOurs) {
    EXPECT_DEATH({ Writer().key("a"); }, "a key belongs in a map");
    EXPECT_DEATH({ Writer().end_map(); }, "only what was opened is closed");
    EXPECT_DEATH(
        {
            Writer writer;
            writer.begin_map();
            writer.null();
        },
        "a value in a map follows its key");
    EXPECT_DEATH(
        {
            Writer writer;
            writer.begin_map();
            writer.key("a");
            writer.end_map();
        },
        "every key has its value");
    EXPECT_DEATH(
        {
            Writer writer;
            writer.begin_array();
            writer.end_map();
        },
        "a map is closed as a map");
    EXPECT_DEATH(
        {
            Writer writer;
            writer.null();
            writer.null();
        },
        "a document is one value");
}

}  // namespace
}  // namespace flyball::testing
