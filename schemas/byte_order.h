#pragma once
// Numbers as bytes in one order on every machine: little-endian in state files, big-endian in
// msgpack. One load or store each, also where loops over bytes are not unrolled. Any thread.

#include <bit>
#include <concepts>
#include <cstdint>
#include <cstring>

namespace flyball {

template <std::unsigned_integral Number>
constexpr Number bytes_swapped(Number number) {
    if constexpr (sizeof(Number) == 8) {
        return __builtin_bswap64(number);
    } else if constexpr (sizeof(Number) == 4) {
        return __builtin_bswap32(number);
    } else if constexpr (sizeof(Number) == 2) {
        return __builtin_bswap16(number);
    } else {
        return number;
    }
}

// The number whose bytes here are those that `number` has in that order, and back.
template <std::unsigned_integral Number>
constexpr Number little_endian(Number number) {
    return std::endian::native == std::endian::little ? number : bytes_swapped(number);
}
template <std::unsigned_integral Number>
constexpr Number big_endian(Number number) {
    return std::endian::native == std::endian::big ? number : bytes_swapped(number);
}

template <std::unsigned_integral Number>
void store_little_endian(void* to, Number number) {
    number = little_endian(number);
    std::memcpy(to, &number, sizeof(number));
}
template <std::unsigned_integral Number>
Number load_little_endian(const void* from) {
    Number number = 0;
    std::memcpy(&number, from, sizeof(number));
    return little_endian(number);
}
template <std::unsigned_integral Number>
void store_big_endian(void* to, Number number) {
    number = big_endian(number);
    std::memcpy(to, &number, sizeof(number));
}

}  // namespace flyball
