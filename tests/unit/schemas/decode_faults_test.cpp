// What is refused, why, and where: the same in both encodings.

#include <gtest/gtest.h>

#include <array>

#include "tests/unit/schemas/codec_vocabulary.h"

namespace flyball::testing {
namespace {

constexpr std::array<std::string_view, 1> read_maps{"attributes"};

std::string outcome(const std::string& payload) {
    Decoder decoder;
    const Payload decoded = decoder.decode(payload, read_maps);
    return decoded.good() ? "good" : std::string(to_text(decoded.fault.reason));
}

TEST(DecodeFaults, NeitherAMapNorAnArrayIsMalformed) {
    Decoder decoder;
    for (const std::string& payload :
         {std::string("hello"), std::string(""), std::string(" \n"), std::string("1"),
          std::string("null"), std::string("\"{}\""), from_hex("c0"), from_hex("a161"),
          from_hex("01"), from_hex("c1"), from_hex("00"), from_hex("efbbbf7b7d"),
          std::string(1, '\0')}) {
        const Payload decoded = decoder.decode(payload);
        EXPECT_EQ(decoded.fault.reason, Reason::malformed) << payload;
        EXPECT_EQ(decoded.encoding, Encoding::json) << payload;
        EXPECT_EQ(decoded.root, nullptr);
        EXPECT_FALSE(decoded.fault.message.empty());
    }
}

TEST(DecodeFaults, MalformedJsonIsNamedWithItsOffset) {
    struct Row {
        std::string payload;
        std::size_t offset;
    };
    const std::array rows{
        Row{"{\"a\":1} x", 8},
        Row{"{\"a\":1}{", 7},
        Row{"{\"a\":1", 6},
        Row{"{", 1},
        Row{"[1,]", 3},
        Row{"{\"a\" 1}", 5},
        Row{"{a:1}", 1},
        Row{"{\"a\":01}", 6},
        Row{"{\"a\":+1}", 5},
        Row{"{\"a\":.5}", 5},
        Row{"{\"a\":1e400}", 5},
        Row{"{\"a\":1.8e308}", 5},
        Row{"{\"a\":-}", 6},
        Row{"{\"a\":1.}", 7},
        Row{"{\"a\":1e}", 7},
        Row{"{\"a\":NaN}", 5},
        Row{"{\"a\":\"\\x\"}", 6},
        Row{"{\"a\":\"\x01\"}", 6},
        Row{"{\"a\":\"\\ud800\"}", 6},
        Row{"{\"a\":\"x", 7},
        Row{"{\"a\":\"\\u12g4\"}", 6},
        Row{"[1] // no", 4},
        Row{"{\"a\":1}\x0B", 7},
        Row{"{\"a\":\"\xC3\"}", 6},
    };
    Decoder decoder;
    for (const Row& row : rows) {
        const Payload decoded = decoder.decode(row.payload);
        EXPECT_EQ(decoded.fault.reason, Reason::malformed) << row.payload;
        EXPECT_EQ(decoded.fault.offset, row.offset) << row.payload << ": " << decoded.fault.message;
    }
}

TEST(DecodeFaults, AZeroByteEndsNoJson) {
    EXPECT_EQ(outcome(std::string("{\"a\":1}\0", 8)), "malformed");
    EXPECT_EQ(outcome(std::string("{\"a\":1}\0{}", 10)), "malformed");
    EXPECT_EQ(outcome(std::string("{\"a\0\":1}", 8)), "malformed");
    EXPECT_EQ(outcome(std::string("{\0}", 3)), "malformed");
}

TEST(DecodeFaults, MalformedMsgpackIsNamedWithItsOffset) {
    struct Row {
        std::string_view payload;
        std::size_t offset;
    };
    const std::array rows{
        Row{"80 00", 1},           Row{"81 a161 01 c0", 4}, Row{"81", 1},
        Row{"81 a161", 3},         Row{"81 a261", 2},       Row{"92 01", 2},
        Row{"81 a161 cd 00", 4},   Row{"81 a161 c1", 3},    Row{"dc 00", 1},
        Row{"81 a161 d9", 4},      Row{"90 90", 1},         Row{"81 a161 c7 05 01", 5},
        Row{"81 a161 a2 c328", 4},
    };
    Decoder decoder;
    for (const Row& row : rows) {
        const Payload decoded = decoder.decode(from_hex(row.payload));
        EXPECT_EQ(decoded.fault.reason, Reason::malformed) << row.payload;
        EXPECT_EQ(decoded.encoding, Encoding::msgpack);
        EXPECT_EQ(decoded.fault.offset, row.offset) << row.payload << ": " << decoded.fault.message;
    }
}

TEST(DecodeFaults, EveryProperStartOfAPayloadIsMalformed) {
    const std::string msgpack = from_hex(
        "84 a161 93 01 cd0102 cf0000000000000003 a2c3a9 c0 a163 81 a164 cb3ff8000000000000"
        "a165 c403000102");
    const std::string json = "{\"a\":[1,-2.5e3,true,null],\"\xC3\xA9\":\"x\\u00e9\",\"c\":{}}";
    ASSERT_EQ(outcome(msgpack), "good");
    ASSERT_EQ(outcome(json), "good");
    for (std::size_t size = 0; size < msgpack.size(); ++size) {
        EXPECT_EQ(outcome(msgpack.substr(0, size)), "malformed") << size;
    }
    for (std::size_t size = 0; size < json.size(); ++size) {
        EXPECT_EQ(outcome(json.substr(0, size)), "malformed") << size;
    }
}

// The second payload fills what the first made room for: what is read behind it is nobody's.
TEST(DecodeFaults, ATextThatStopsInsideACharacterIsNotReadBeyondItsEnd) {
    for (const std::string_view cut : {"c3", "e2", "e282", "f0", "f09f", "f09f98", "f4", "ed"}) {
        const std::string bytes = from_hex(cut);
        for (std::size_t size = 8; size < 64; ++size) {
            Decoder decoder;
            const std::string first = "{" + std::string(size - 2, ' ') + "}";
            ASSERT_TRUE(decoder.decode(first).good());
            std::string second = "{\"a\":\"" + std::string(2 * size, 'x');
            second = second.substr(0, 2 * size - 1 - bytes.size()) + bytes;
            const Payload decoded = decoder.decode(second);
            EXPECT_EQ(decoded.fault.reason, Reason::malformed) << cut;
            EXPECT_LE(decoded.fault.offset, second.size()) << cut;
        }
    }
}

TEST(DecodeFaults, ATextThatIsNotUtf8IsMalformed) {
    for (const std::string_view bad :
         {"ff", "c0af", "c1bf", "c3", "e080af", "eda080", "edbfbf", "f0808080", "f4908080",
          "f5808080", "e28228", "80", "61ff", "6162636465666768ff"}) {
        const std::string bytes = from_hex(bad);
        const std::string length(1, static_cast<char>(0xA0 + bytes.size()));
        EXPECT_EQ(outcome(from_hex("81 a161") + length + bytes), "malformed") << bad;
        EXPECT_EQ(outcome(from_hex("81") + length + bytes + from_hex("01")), "malformed") << bad;
        EXPECT_EQ(outcome("{\"a\":\"" + bytes + "\"}"), "malformed") << bad;
        EXPECT_EQ(outcome("{\"" + bytes + "\":1}"), "malformed") << bad;
    }
}

TEST(DecodeFaults, ALoneSurrogateIsMalformed) {
    for (const std::string_view escape : {"\\ud800", "\\udbff", "\\udc00", "\\udfff", "\\ud800x",
                                          "\\ud800\\ud800", "\\udc00\\ud800", "\\ud83d\\u0041"}) {
        EXPECT_EQ(outcome(fmt::format("{{\"a\":\"{}\"}}", escape)), "malformed") << escape;
        EXPECT_EQ(outcome(fmt::format("{{\"{}\":1}}", escape)), "malformed") << escape;
    }
}

TEST(DecodeFaults, AKeyTwiceInTheRequestsOwnMapIsMalformed) {
    EXPECT_EQ(outcome("{\"a\":1,\"b\":2,\"a\":3}"), "malformed");
    EXPECT_EQ(outcome("{\"a\":1,\"\\u0061\":3}"), "malformed");
    EXPECT_EQ(outcome(from_hex("82 a161 01 a161 02")), "malformed");
    EXPECT_EQ(outcome(from_hex("82 a161 01 d90161 02")), "malformed");
    EXPECT_EQ(outcome(from_hex("82 a0 01 a0 02")), "malformed");
    EXPECT_EQ(outcome("[{\"a\":1},{\"a\":1,\"a\":1}]"), "malformed");
    EXPECT_EQ(outcome("[{\"a\":1},{\"a\":1}]"), "good");
}

TEST(DecodeFaults, AKeyTwiceInAMapThatTheOpReadsIsMalformed) {
    EXPECT_EQ(outcome("{\"attributes\":{\"a\":1,\"a\":2}}"), "malformed");
    EXPECT_EQ(outcome("{\"attributes\":{\"x\":[{\"y\":{\"a\":1,\"a\":2}}]}}"), "malformed");
    EXPECT_EQ(outcome("[{},{\"attributes\":[{\"a\":1,\"a\":2}]}]"), "malformed");
    EXPECT_EQ(outcome(from_hex("81 aa61747472696275746573 82 a161 01 a161 01")), "malformed");
    EXPECT_EQ(outcome(from_hex("81 aa61747472696275746573 81 01 01")), "malformed");
}

TEST(DecodeFaults, AKeyTwiceAnywhereElseIsTolerated) {
    EXPECT_EQ(outcome("{\"x_mine\":{\"a\":1,\"a\":2}}"), "good");
    EXPECT_EQ(outcome("{\"x\":{\"attributes\":{\"a\":1,\"a\":2}}}"), "good");
    EXPECT_EQ(outcome("{\"attributes\":{\"a\":1},\"x\":{\"a\":1,\"a\":2}}"), "good");
    EXPECT_EQ(outcome(from_hex("81 a178 82 01 02 01 03")), "good");
    EXPECT_EQ(outcome("[[{\"a\":1,\"a\":2}]]"), "good");
}

TEST(DecodeFaults, AKeyOfTheRequestsOwnMapIsAText) {
    EXPECT_EQ(outcome(from_hex("81 01 02")), "malformed");
    EXPECT_EQ(outcome(from_hex("81 c0 02")), "malformed");
    EXPECT_EQ(outcome(from_hex("81 c40161 02")), "malformed");
    EXPECT_EQ(outcome(from_hex("81 90 02")), "malformed");
    EXPECT_EQ(outcome(from_hex("81 80 02")), "malformed");
    EXPECT_EQ(outcome(from_hex("91 81 cb3ff8000000000000 02")), "malformed");
}

TEST(DecodeFaults, ManyDifferentKeysAreNoRepetition) {
    std::string json = "{";
    for (int i = 0; i < 64; ++i) {
        json += fmt::format("{}\"key{}\":{}", i > 0 ? "," : "", i, i);
    }
    EXPECT_EQ(outcome(json + "}"), "good");
    for (const int again : {0, 31, 62}) {
        const std::size_t last = json.rfind(",\"key63\"");
        EXPECT_EQ(outcome(json.substr(0, last) + fmt::format(",\"key{}\":0}}", again)),
                  "malformed");
    }
}

}  // namespace
}  // namespace flyball::testing
