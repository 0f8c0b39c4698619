#include "fleet/values.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace flyball {
namespace {

Json request(std::initializer_list<std::string> words) {
    const std::vector<std::string> list(words);
    const auto made = parse_key_values(list);
    return made ? *made : Json(made.error().message);
}

TEST(Values, AreJsonWhenTheyParseAndTextOtherwise) {
    EXPECT_EQ(parse_value("3"), Json(3));
    EXPECT_EQ(parse_value("-3"), Json(-3));
    EXPECT_EQ(parse_value("true"), Json(true));
    EXPECT_EQ(parse_value("null"), Json(nullptr));
    EXPECT_EQ(parse_value("\"42\""), Json("42"));
    EXPECT_EQ(parse_value("[1,\"a\"]"), Json::array({1, "a"}));
    EXPECT_EQ(parse_value("acme"), Json("acme"));
    EXPECT_EQ(parse_value("1mo"), Json("1mo"));
    EXPECT_EQ(parse_value(""), Json(""));
    EXPECT_EQ(parse_value("[1"), Json("[1"));
    EXPECT_EQ(parse_value("NaN"), Json("NaN"));
}

TEST(Values, KeepEveryDigitOfANumber) {
    EXPECT_EQ(parse_value("9007199254740993").dump(), "9007199254740993");
    EXPECT_EQ(parse_value("9223372036854775807").dump(), "9223372036854775807");
    EXPECT_EQ(parse_value("-9223372036854775808").dump(), "-9223372036854775808");
    EXPECT_EQ(parse_value("123456789012345678901"), Json("123456789012345678901"));
    EXPECT_EQ(parse_value("-99999999999999999999"), Json("-99999999999999999999"));
}

TEST(Values, NestAtDotsAndKeepTheirOrder) {
    EXPECT_EQ(request({"tenant=acme", "quota.hits=1", "quota.resource=gb", "b=2"}).dump(),
              R"({"tenant":"acme","quota":{"hits":1,"resource":"gb"},"b":2})");
    EXPECT_EQ(request({"a.0.b=1"}).dump(), R"({"a":{"0":{"b":1}}})");
    EXPECT_EQ(request({"a={\"b\":1}", "a.c=2"}).dump(), R"({"a":{"b":1,"c":2}})");
    EXPECT_EQ(request({"expr=a=b"}).dump(), R"({"expr":"a=b"})");
}

TEST(Values, RefuseAKeyThatIsGivenTwiceOrMakesNoSense) {
    EXPECT_EQ(request({"a=1", "a=2"}), "the key 'a' is given twice");
    EXPECT_EQ(request({"a=1", "a.b=2"}), "'a.b=2' nests below 'a', which is no map");
    EXPECT_EQ(request({"a.b=2", "a=1"}), "the key 'a' is given twice");
    EXPECT_EQ(request({"a=null", "a.b=1"}), "'a.b=1' nests below 'a', which is no map");
    EXPECT_EQ(request({"=1"}), "'=1' is not key=value");
    EXPECT_EQ(request({"word"}), "'word' is not key=value");
    EXPECT_EQ(request({"a..b=1"}), "'a..b=1' has an empty part in its key");
    EXPECT_EQ(request({".=1"}), "'.=1' has an empty part in its key");
}

RC_GTEST_PROP(Values, IntegersComeBackExactly, (std::int64_t number)) {
    const Json value = parse_value(std::to_string(number));
    RC_ASSERT(value.is_number_integer());
    RC_ASSERT(value.get<std::int64_t>() == number);
}

RC_GTEST_PROP(Values, AnyTextIsAcceptedAsAValue, (const std::string& text)) {
    Json map = Json::object();
    RC_ASSERT(add_key_value(map, "key=" + text).has_value());
    RC_ASSERT(map.size() == 1U);
}

TEST(Batch, IsAnArrayOrOneMapALine) {
    const auto array = parse_batch(" [{\"a\":1},{\"a\":2}]\n", "f");
    ASSERT_TRUE(array.has_value());
    EXPECT_EQ(*array, (std::vector<Json>{{{"a", 1}}, {{"a", 2}}}));
    const auto lines = parse_batch("{\"a\":1}\n\n  {\"a\":2}\r\n{\"a\":3}", "f");
    ASSERT_TRUE(lines.has_value());
    EXPECT_EQ(lines->size(), 3U);
    EXPECT_TRUE(parse_batch("", "f")->empty());
}

TEST(Batch, NamesTheLineThatIsWrong) {
    EXPECT_EQ(parse_batch("{}\n{\"a\":}\n", "f").error().message, "f:2: not a JSON map");
    EXPECT_EQ(parse_batch("{}\n3\n", "f").error().message, "f:2: not a JSON map");
    EXPECT_EQ(parse_batch("[{},3]", "f").error().message, "f: entry 2 is no map");
    EXPECT_EQ(parse_batch("[{},", "f").error().message, "f: not a JSON array");
    EXPECT_EQ(read_batch("/nonexistent/x").error().code, ErrorCode::usage);
    EXPECT_EQ(read_batch("/").error().code, ErrorCode::usage);
}

TEST(Payload, ComesBackFromBothEncodings) {
    const Json document = {{"tenant", "Müller"}, {"n", 9007199254740993}, {"m", {{"x", nullptr}}}};
    for (const WireFormat format : {WireFormat::msgpack, WireFormat::json}) {
        const auto bytes = encode_payload(document, format);
        ASSERT_TRUE(bytes.has_value());
        EXPECT_EQ(decode_payload(*bytes), document);
    }
    EXPECT_EQ(encode_payload(Json("\xff"), WireFormat::msgpack).error().code, ErrorCode::usage);
}

TEST(Payload, ThatIsNeitherMsgpackNorJsonIsNothing) {
    for (const std::string_view bytes : {"", "nonsense", "{", "\x81", "{} {}", "\x80\x80"}) {
        EXPECT_FALSE(decode_payload(bytes).has_value()) << bytes;
    }
    EXPECT_FALSE(decode_payload("\xdd\xff\xff\xff\xff").has_value());
}

TEST(Payload, ThatNestsTooDeepIsRefusedInBothEncodings) {
    constexpr std::size_t deep = 200'000;
    EXPECT_FALSE(decode_payload(std::string(deep, '\x91')).has_value());
    EXPECT_FALSE(decode_payload(std::string(deep, '[') + std::string(deep, ']')).has_value());
    EXPECT_TRUE(decode_payload(std::string(8, '[') + std::string(8, ']')).has_value());
}

RC_GTEST_PROP(Payload, AnyBytesAreReadWithoutHarm, (const std::string& bytes)) {
    const auto decoded = decode_payload(bytes);
    if (decoded) {
        RC_ASSERT(!json_text(*decoded).empty());
    }
}

}  // namespace
}  // namespace flyball
