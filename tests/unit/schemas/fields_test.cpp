#include <gtest/gtest.h>

#include <limits>

#include "schemas/request.h"
#include "tests/unit/schemas/codec_vocabulary.h"

namespace flyball::testing {
namespace {

constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();

struct Own {
    explicit Own(std::string_view payload) {
        const Payload decoded = decoder.decode(payload);
        EXPECT_TRUE(decoded.good()) << payload;
        encoding = decoded.encoding;
        read_request(*decoded.root, encoding, request);
    }
    FieldReader reader() { return {request.own, encoding}; }

    Decoder decoder;
    Encoding encoding = Encoding::json;
    Request request;
};

TEST(Fields, AnAbsentOptionalFieldLeavesItsTarget) {
    Own own("{}");
    FieldReader reader = own.reader();
    std::int64_t hits = 7;
    bool flag = true;
    std::string_view name = "kept";
    EXPECT_FALSE(reader.integer("hits", 0, most, hits));
    EXPECT_FALSE(reader.boolean("partial", flag));
    EXPECT_FALSE(reader.text("resource", 1, 64, name));
    EXPECT_EQ(hits, 7);
    EXPECT_TRUE(flag);
    EXPECT_EQ(name, "kept");
    EXPECT_FALSE(reader.fault());
}

TEST(Fields, AnAbsentRequiredFieldIsMissing) {
    Own own("{}");
    FieldReader reader = own.reader();
    std::int64_t amount = 0;
    EXPECT_FALSE(reader.required_integer("amount", 1, most, amount));
    EXPECT_EQ(reader.fault().reason, Reason::missing_field);
    EXPECT_EQ(reader.fault().field, "amount");
    EXPECT_EQ(reader.fault().expected, "an integer greater than 0");
}

TEST(Fields, WellFormedFieldsAreRead) {
    Own own(R"({"hits":3,"partial":true,"resource":"api_calls"})");
    FieldReader reader = own.reader();
    std::int64_t hits = 0;
    bool partial = false;
    std::string_view resource;
    EXPECT_TRUE(reader.integer("hits", 0, most, hits));
    EXPECT_TRUE(reader.boolean("partial", partial));
    EXPECT_TRUE(reader.required_text("resource", 1, 64, resource));
    EXPECT_EQ(hits, 3);
    EXPECT_TRUE(partial);
    EXPECT_EQ(resource, "api_calls");
    EXPECT_EQ(own.request.own.ignored().count, 0U);
}

TEST(Fields, NullIsOfAWrongTypeAndNotAbsent) {
    Own own(R"({"hits":null,"partial":null,"resource":null})");
    std::int64_t hits = 0;
    bool partial = false;
    std::string_view resource;
    FieldReader first = own.reader();
    EXPECT_FALSE(first.integer("hits", 0, most, hits));
    EXPECT_EQ(first.fault().reason, Reason::bad_field);
    FieldReader second = own.reader();
    EXPECT_FALSE(second.boolean("partial", partial));
    EXPECT_EQ(second.fault().expected, "true or false");
    FieldReader third = own.reader();
    EXPECT_FALSE(third.text("resource", 1, 64, resource));
    EXPECT_EQ(third.fault().expected, "a text of 1 to 64 bytes");
}

TEST(Fields, TheFirstFaultSticksAndLaterTargetsAreLeftAlone) {
    Own own(R"({"a":-1,"b":5,"c":"x"})");
    FieldReader reader = own.reader();
    std::int64_t a = 1;
    std::int64_t b = 1;
    std::string_view missing = "kept";
    EXPECT_FALSE(reader.integer("a", 0, most, a));
    EXPECT_FALSE(reader.integer("b", 0, most, b));
    EXPECT_FALSE(reader.required_text("missing", 1, 64, missing));
    EXPECT_EQ(a, 1);
    EXPECT_EQ(b, 1);
    EXPECT_EQ(reader.fault().field, "a");
    EXPECT_EQ(reader.fault().expected, "an integer of at least 0");
    // Read or not, b is a field of the op: only c is ignored.
    const Fields::Ignored ignored = own.request.own.ignored();
    ASSERT_EQ(ignored.count, 1U);
    EXPECT_EQ(ignored.names[0], "c");
}

TEST(Fields, IntegersKeepToTheirRange) {
    Own own(R"({"zero":0,"most":9223372036854775807,"beyond":9223372036854775808,"half":0.5,)"
            R"("whole":3.0,"days":2592000001})");
    std::int64_t number = -5;
    FieldReader reader = own.reader();
    EXPECT_TRUE(reader.integer("zero", 0, 0, number));
    EXPECT_EQ(number, 0);
    EXPECT_TRUE(reader.integer("most", 0, most, number));
    EXPECT_EQ(number, most);
    EXPECT_TRUE(reader.integer("whole", 3, 3, number));
    for (const std::string_view bad : {"beyond", "half"}) {
        FieldReader fresh = own.reader();
        EXPECT_FALSE(fresh.integer(bad, 0, most, number)) << bad;
        EXPECT_EQ(fresh.fault().reason, Reason::bad_field);
    }
    FieldReader days = own.reader();
    EXPECT_FALSE(days.integer("days", 1, 2592000000, number));
    EXPECT_EQ(days.fault().expected, "an integer from 1 to 2592000000 (30 days in ms)");
    FieldReader odd = own.reader();
    EXPECT_FALSE(odd.integer("zero", 3, 9, number));
    EXPECT_EQ(odd.fault().expected, "an integer in this field's range");
}

TEST(Fields, DigitsInATextAreAnIntegerOnlyInJsonAndBeyondTwoToThe53) {
    struct Row {
        std::string_view text;
        std::optional<std::int64_t> number;
    };
    for (const Row& row :
         {Row{"9007199254740993", 9007199254740993}, Row{"-9007199254740993", -9007199254740993},
          Row{"9223372036854775807", most},
          Row{"-9223372036854775808", std::numeric_limits<std::int64_t>::min()},
          Row{"9223372036854775808", std::nullopt}, Row{"9007199254740992", std::nullopt},
          Row{"5", std::nullopt}, Row{"", std::nullopt}, Row{"+9007199254740993", std::nullopt},
          Row{"09007199254740993", std::nullopt}, Row{"9007199254740993 ", std::nullopt},
          Row{" 9007199254740993", std::nullopt}, Row{"9007199254740993.0", std::nullopt},
          Row{"0x20000000000001", std::nullopt}}) {
        const Value value{.kind = Kind::text,
                          .count = static_cast<std::uint32_t>(row.text.size()),
                          .span = 1,
                          .bytes = row.text.data()};
        EXPECT_EQ(as_integer(value, Encoding::json), row.number) << row.text;
        EXPECT_EQ(as_integer(value, Encoding::msgpack), std::nullopt) << row.text;
    }
}

TEST(Fields, IgnoredNamesAreAtMostFourAndNeverTheCallersOwn) {
    Own own(R"({"x_note":1,"a":1,"b":1,"tenant":"t","c":1,"d":1,"e":1})");
    EXPECT_NE(own.request.own.take("b"), nullptr);
    const Fields::Ignored ignored = own.request.own.ignored();
    ASSERT_EQ(ignored.count, 4U);
    EXPECT_EQ(ignored.names[0], "a");
    EXPECT_EQ(ignored.names[1], "c");
    EXPECT_EQ(ignored.names[3], "e");
    EXPECT_TRUE(own.request.own.known("b"));
    EXPECT_FALSE(own.request.own.known("a"));
    EXPECT_FALSE(own.request.own.known("absent"));
}

TEST(Fields, AMapOfTheMostKeysFits) {
    std::string json = "{\"ttl_ms\":1";
    for (int i = 1; i < 64; ++i) {
        json += fmt::format(",\"k{}\":{}", i, i);
    }
    Own own(json + "}");
    EXPECT_EQ(own.request.own.take("k63")->integer, 63);
}

}  // namespace
}  // namespace flyball::testing
