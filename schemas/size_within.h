#pragma once
// Sizes that a file or a peer declares are 64 bits wide, those of memory not on every processor:
// one that is cut before it is looked at passes for a small one. Pure.

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace flyball {

// `declared` as a size of memory; nothing when it is more than `most`.
template <std::unsigned_integral Size>
constexpr std::optional<Size> size_within(std::uint64_t declared, Size most) {
    if (declared > most) {
        return std::nullopt;
    }
    return static_cast<Size>(declared);
}

// `wanted`, or `most` when it is more.
template <std::unsigned_integral Size>
constexpr Size size_up_to(std::uint64_t wanted, Size most) {
    return size_within(wanted, most).value_or(most);
}

}  // namespace flyball
