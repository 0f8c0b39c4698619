#include "schemas/utf8.h"

#include <gtest/gtest.h>

#include <string>

#include "schemas/key_bits.h"

namespace flyball::testing {
namespace {

// By the definition: decode the code point, look whether its shortest form is what is there.
bool well_formed_by_definition(unsigned point) {
    return point <= 0x10FFFF && (point < 0xD800 || point > 0xDFFF);
}

std::string three_or_four_bytes(unsigned point) {
    const auto tail = [point](unsigned shift) {
        return static_cast<char>(0x80U | ((point >> shift) & 0x3FU));
    };
    if (point < 0x10000) {
        return {static_cast<char>(0xE0U | (point >> 12)), tail(6), tail(0)};
    }
    return {static_cast<char>(0xF0U | (point >> 18)), tail(12), tail(6), tail(0)};
}

TEST(Utf8, EveryCodePointOfThreeAndFourBytesIsJudgedByTheDefinition) {
    for (unsigned point = 0x800; point < 0x1FFFFF; ++point) {
        ASSERT_EQ(valid_utf8(three_or_four_bytes(point)), well_formed_by_definition(point))
            << point;
    }
}

TEST(Utf8, EveryPairOfBytesIsJudgedByTheDefinition) {
    for (unsigned first = 0; first < 256; ++first) {
        for (unsigned second = 0; second < 256; ++second) {
            const bool ascii = first < 0x80 && second < 0x80;
            const bool two_bytes =
                first >= 0xC2 && first <= 0xDF && second >= 0x80 && second <= 0xBF;
            const std::string text{static_cast<char>(first), static_cast<char>(second)};
            ASSERT_EQ(valid_utf8(text), ascii || two_bytes) << first << " " << second;
        }
    }
}

TEST(Utf8, OverlongFormsAreRefused) {
    EXPECT_FALSE(valid_utf8("\xC0\x80"));
    EXPECT_FALSE(valid_utf8("\xE0\x9F\xBF"));
    EXPECT_FALSE(valid_utf8("\xF0\x8F\xBF\xBF"));
}

TEST(Utf8, OneBadByteIsFoundAtEveryPlaceOfATextOfEveryLength) {
    for (std::size_t size = 0; size < 40; ++size) {
        const std::string plain(size, 'a');
        EXPECT_TRUE(is_ascii(plain));
        EXPECT_TRUE(is_printable_ascii(plain));
        EXPECT_TRUE(valid_utf8(plain));
        EXPECT_FALSE(has_control_character(plain));
        for (std::size_t at = 0; at < size; ++at) {
            std::string text = plain;
            for (const char bad : {'\x80', '\xFF'}) {
                text[at] = bad;
                ASSERT_FALSE(is_ascii(text)) << size << " " << at;
                ASSERT_FALSE(is_printable_ascii(text));
                ASSERT_FALSE(valid_utf8(text));
            }
            for (const char control : {'\0', '\x1F', '\x7F'}) {
                text[at] = control;
                ASSERT_TRUE(is_ascii(text));
                ASSERT_FALSE(is_printable_ascii(text)) << size << " " << at;
                ASSERT_TRUE(has_control_character(text));
            }
            for (const char printable : {' ', '~'}) {
                text[at] = printable;
                ASSERT_TRUE(is_printable_ascii(text)) << size << " " << at;
            }
        }
    }
}

TEST(Utf8, ControlCharactersOfTheSecondBlockAreFound) {
    EXPECT_TRUE(has_control_character("a\xC2\x80"));
    EXPECT_TRUE(has_control_character("\xC2\x9F"));
    EXPECT_FALSE(has_control_character("\xC2\xA0"));
    EXPECT_FALSE(has_control_character("\xE2\x80\x8B"));
}

TEST(Utf8, ACharacterTellsItsLength) {
    EXPECT_EQ(utf8_character_bytes(""), 0U);
    EXPECT_EQ(utf8_character_bytes("ab"), 1U);
    EXPECT_EQ(utf8_character_bytes("\xC3\xA9x"), 2U);
    EXPECT_EQ(utf8_character_bytes("\xE2\x82\xACx"), 3U);
    EXPECT_EQ(utf8_character_bytes("\xF0\x9F\x98\x80x"), 4U);
    EXPECT_EQ(utf8_character_bytes("\xE2\x82"), 0U);
    EXPECT_EQ(utf8_character_bytes("\xA9"), 0U);
}

TEST(KeyBits, AKeyThatWasAddedIsAlwaysFoundAgain) {
    KeyBits bits;
    std::size_t mistaken = 0;
    for (const std::string_view key :
         {"", "a", "id", "op", "cid", "hits", "must", "brief", "amount", "tenant", "resource"}) {
        mistaken += bits.add(key) ? 1U : 0U;
        EXPECT_TRUE(bits.add(key)) << key;
    }
    EXPECT_LE(mistaken, 3U);
}

}  // namespace
}  // namespace flyball::testing
