#pragma once
// How the two rings squeeze a decision into bits: an outcome in 9, and growing numbers by their low
// bits alone. Pure functions, any thread. What they write to memory is never written to disk.

#include <cstdint>

#include "governors/event_ring.h"

namespace flyball {

inline constexpr unsigned outcome_bits = 9;  // verdict 2, reason 6, would 1

constexpr std::uint32_t pack_outcome(const Outcome& outcome) {
    return static_cast<std::uint32_t>(outcome.verdict) |
           static_cast<std::uint32_t>(outcome.reason) << 2 |
           static_cast<std::uint32_t>(outcome.would_deny) << 8;
}

constexpr Outcome unpack_outcome(std::uint64_t bits) {
    return {static_cast<Verdict>(bits & 3), static_cast<Reason>(bits >> 2 & 63),
            (bits >> 8 & 1) != 0};
}

constexpr std::uint64_t low_bits(std::uint64_t number, unsigned bits) {
    return number & ((std::uint64_t{1} << bits) - 1);
}

// The number with these low bits that lies closest below `newest`, or up to a sixteenth of their
// range above it: governor time may be lowered by an operator, so a slot can be ahead of the last.
constexpr std::uint64_t from_low_bits(std::uint64_t low, unsigned bits, std::uint64_t newest) {
    const std::uint64_t top = newest + (std::uint64_t{1} << (bits - 4));
    return top - low_bits(top - low, bits);
}

}  // namespace flyball
