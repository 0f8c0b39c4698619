#pragma once
// A set of 64 bits in which a key that was added is always found again, and another one sometimes
// is too: only then does whoever looks for repeated keys have to compare texts. Any thread.

#include <cstdint>
#include <cstring>
#include <string_view>

#include "schemas/utf8.h"

namespace flyball {

class KeyBits {
public:
    // Adds `key`; true when it, or another key with the same bit, was there before.
    bool add(std::string_view key) {
        const std::uint64_t bit = bit_of(key);
        const bool found = (bits_ & bit) != 0;
        bits_ |= bit;
        return found;
    }

private:
    // Cheap, and likely another bit for a key of another length, start or end.
    static std::uint64_t bit_of(std::string_view key) {
        std::uint64_t word = key.size();
        if (key.size() >= 8) {
            std::uint64_t first = 0;
            std::uint64_t last = 0;
            std::memcpy(&first, key.data(), 8);
            std::memcpy(&last, key.data() + key.size() - 8, 8);
            word += first ^ (last << 1);
        } else if (!key.empty()) {
            word += spread_word(key.data(), key.size());
        }
        return std::uint64_t{1} << ((word * 0x9E3779B97F4A7C15) >> 58);  // 2^64 / golden ratio
    }

    std::uint64_t bits_ = 0;
};

}  // namespace flyball
