#pragma once
// Copying and comparing texts that nearly always have at most sixteen bytes, as keys, words and
// names do: two loads that may overlap instead of a call; longer ones (topics) are compared word by
// word. Any thread.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace flyball {

template <typename Word>
[[gnu::always_inline]] inline Word load_word(const char* from) {
    Word word = 0;
    std::memcpy(&word, from, sizeof(word));
    return word;
}

template <typename Word>
[[gnu::always_inline]] inline void copy_ends(char* to, const char* from, std::size_t size) {
    const Word first = load_word<Word>(from);
    const Word last = load_word<Word>(from + size - sizeof(Word));
    std::memcpy(to, &first, sizeof(first));
    std::memcpy(to + size - sizeof(last), &last, sizeof(last));
}

[[gnu::always_inline]] inline void copy_short(char* to, const char* from, std::size_t size) {
    if (size > 16) {
        std::memcpy(to, from, size);
    } else if (size >= 8) {
        copy_ends<std::uint64_t>(to, from, size);
    } else if (size >= 4) {
        copy_ends<std::uint32_t>(to, from, size);
    } else if (size >= 2) {
        copy_ends<std::uint16_t>(to, from, size);
    } else if (size == 1) {
        *to = *from;
    }
}

template <typename Word>
[[gnu::always_inline]] inline bool same_ends(const char* a, const char* b, std::size_t size) {
    const std::size_t last = size - sizeof(Word);
    return ((load_word<Word>(a) ^ load_word<Word>(b)) |
            (load_word<Word>(a + last) ^ load_word<Word>(b + last))) == 0;
}

// Of at least 8 bytes.
inline bool same_words(const char* a, const char* b, std::size_t size) {
    for (std::size_t at = 0; at + 8 < size; at += 8) {
        if (load_word<std::uint64_t>(a + at) != load_word<std::uint64_t>(b + at)) {
            return false;
        }
    }
    const std::size_t last = size - 8;
    return load_word<std::uint64_t>(a + last) == load_word<std::uint64_t>(b + last);
}

[[gnu::always_inline]] inline bool same_text(std::string_view a, std::string_view b) {
    const std::size_t size = a.size();
    if (size != b.size()) {
        return false;
    }
    if (size > 16) {
        return same_words(a.data(), b.data(), size);
    }
    if (size >= 8) {
        return same_ends<std::uint64_t>(a.data(), b.data(), size);
    }
    if (size >= 4) {
        return same_ends<std::uint32_t>(a.data(), b.data(), size);
    }
    if (size >= 2) {
        return same_ends<std::uint16_t>(a.data(), b.data(), size);
    }
    return size == 0 || a[0] == b[0];
}

}  // namespace flyball
