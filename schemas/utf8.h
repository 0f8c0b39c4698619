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

// The first and the last bytes of a text, eight at most each, folded into one word: overlapping
// loads instead of a loop over the tail, because nearly every text here is short.
inline std::uint64_t edge_bytes(std::string_view text) {
    const char* at = text.data();
    const std::size_t size = text.size();
    if (size >= 8) {
        std::uint64_t first = 0;
        std::uint64_t last = 0;
        std::memcpy(&first, at, 8);
        std::memcpy(&last, at + size - 8, 8);
        return first | last;
    }
    if (size >= 4) {
        std::uint32_t first = 0;
        std::uint32_t last = 0;
        std::memcpy(&first, at, 4);
        std::memcpy(&last, at + size - 4, 4);
        return first | last;
    }
    std::uint64_t all = 0;
    for (std::size_t i = 0; i < size; ++i) {
        all |= static_cast<unsigned char>(at[i]);
    }
    return all;
}

inline bool is_ascii(std::string_view text) {
    constexpr std::uint64_t high_bits = 0x8080808080808080;
    std::uint64_t seen = edge_bytes(text);
    for (std::size_t i = 8; i + 8 < text.size(); i += 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, text.data() + i, 8);
        seen |= word;
    }
    return (seen & high_bits) == 0;
}

}  // namespace flyball
