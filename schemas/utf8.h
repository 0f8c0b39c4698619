#pragma once
// UTF-8 well-formedness (RFC 3629: no surrogates, no overlong forms, up to U+10FFFF). Any thread.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace flyball {

bool valid_utf8(std::string_view text);
bool has_control_character(std::string_view text);  // U+0000-U+001F, U+007F, U+0080-U+009F

// Bytes of the well-formed character that `text` starts with; 0 when it starts with none.
std::size_t utf8_character_bytes(std::string_view text);

// Inline from here on: nearly every text that a decoder sees is short and plain, and is done here.

// Eight bytes of a text of 1 to 7, each of them at least once and nothing else.
inline std::uint64_t spread_word(const char* at, std::size_t size) {
    std::uint32_t first = 0;
    std::uint32_t last = 0;
    if (size >= 4) {
        std::memcpy(&first, at, 4);
        std::memcpy(&last, at + size - 4, 4);
    } else {
        const auto byte = [at](std::size_t i) -> std::uint32_t {
            return static_cast<unsigned char>(at[i]);
        };
        first = byte(0) | byte(size / 2) << 8 | byte(size - 1) << 16 | byte(0) << 24;
        last = first;
    }
    return std::uint64_t{first} << 32 | last;
}

// Whether `test` holds for every word of a text; words may overlap.
template <typename Test>
[[gnu::always_inline]] inline bool all_words(std::string_view text, Test test) {
    const char* at = text.data();
    if (text.size() < 8) {
        return text.empty() || test(spread_word(at, text.size()));
    }
    std::uint64_t word = 0;
    for (std::size_t i = 0; i + 8 < text.size(); i += 8) {
        std::memcpy(&word, at + i, 8);
        if (!test(word)) {
            return false;
        }
    }
    std::memcpy(&word, at + text.size() - 8, 8);
    return test(word);
}

inline bool is_ascii(std::string_view text) {
    return all_words(text, [](std::uint64_t word) { return (word & 0x8080808080808080) == 0; });
}

// ASCII from the space to the tilde, each byte.
constexpr bool printable_word(std::uint64_t word) {
    // A byte below 0x20 borrows into its high bit, 0x7F carries into it.
    const std::uint64_t low = word - 0x2020202020202020;
    const std::uint64_t high = word + 0x0101010101010101;
    return ((word | low | high) & 0x8080808080808080) == 0;
}

// Whether a word of ASCII has this character.
constexpr bool word_has(std::uint64_t word, char c) {
    constexpr std::uint64_t ones = 0x0101010101010101;
    const std::uint64_t zero_where_equal = word ^ (ones * static_cast<unsigned char>(c));
    return ((zero_where_equal - ones) & 0x8080808080808080) != 0;
}

inline bool is_printable_ascii(std::string_view text) {
    return all_words(text, printable_word);
}

}  // namespace flyball
