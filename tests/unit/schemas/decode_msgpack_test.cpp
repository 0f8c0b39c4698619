// Our decoder beside msgpack-c's own objects: whatever the first byte of a value is and however
// many bytes follow, both take it as a whole or neither does.

#include <gtest/gtest.h>

#define MSGPACK_NO_BOOST
#include <limits>
#include <msgpack.hpp>
#include <string>

#include "schemas/decode.h"

namespace flyball::testing {
namespace {

bool taken_by_msgpack_c(const std::string& payload) {
    // It takes memory for what is announced: no more than is there.
    const msgpack::unpack_limit limit(payload.size(), payload.size());
    std::size_t end = 0;
    try {
        msgpack::unpack(payload.data(), payload.size(), end, nullptr, nullptr, limit);
    } catch (const msgpack::unpack_error&) {
        return false;
    }
    return end == payload.size();
}

TEST(DecodeMsgpack, TakesEachKindOfValueAtItsLengthOnly) {
    constexpr std::size_t behind_max = 80;
    Decoder decoder;
    std::size_t taken = 0;
    for (int first = 0; first < 256; ++first) {
        // Two arrays around it: a map in there may have keys of any kind.
        std::string payload{'\x91', '\x91', static_cast<char>(first)};
        for (std::size_t behind = 0; behind <= behind_max; ++behind, payload.push_back('\x01')) {
            const bool ours = decoder.decode(payload).good();
            EXPECT_EQ(ours, taken_by_msgpack_c(payload)) << "byte " << first << ", " << behind;
            taken += ours ? 1 : 0;
        }
    }
    // Every byte begins a value but 0xC1 and those whose lengths of 0x0101 and more do not fit
    // here.
    constexpr std::size_t too_long = 10;
    EXPECT_EQ(taken, 256U - 1U - too_long);
}

TEST(DecodeMsgpack, ReadsNumbersOfEveryWidth) {
    const auto number = [](const std::string& bytes) {
        Decoder decoder;
        const std::string payload = "\x91" + bytes;
        const Payload decoded = decoder.decode(payload);
        EXPECT_TRUE(decoded.good());
        return decoded.good() ? decoded.root->first_child()->integer : 0;
    };
    EXPECT_EQ(number("\xCC\xFE"), 0xFE);
    EXPECT_EQ(number("\xCD\xFE\xDC"), 0xFEDC);
    EXPECT_EQ(number("\xCE\xFE\xDC\xBA\x98"), 0xFEDCBA98);
    EXPECT_EQ(number("\xCF\x7E\xDC\xBA\x98\x76\x54\x32\x10"), 0x7EDCBA9876543210);
    EXPECT_EQ(number("\xD0\x80"), -128);
    EXPECT_EQ(number("\xD1\x80\x01"), -32767);
    EXPECT_EQ(number(std::string("\xD2\x80\0\0\x02", 5)), -2147483646);
    EXPECT_EQ(number(std::string("\xD3\x80\0\0\0\0\0\0\x03", 9)),
              std::numeric_limits<std::int64_t>::min() + 3);
    EXPECT_EQ(number("\xE0"), -32);
    EXPECT_EQ(number("\xFF"), -1);
}

}  // namespace
}  // namespace flyball::testing
