#pragma once
// Integers of 128 bits, for what a product of two 64-bit numbers has to be compared or divided in:
// the compiler's own where it has them, two halves where it has not (32-bit processors). Two's
// complement; what does not fit wraps around, so callers keep to what fits. Any thread.

#include <compare>
#include <concepts>
#include <cstdint>
#include <utility>

namespace flyball {

// The same on every processor, and slower: up to 128 steps a division.
class WideByHalves {
public:
    constexpr WideByHalves() = default;
    template <std::integral Number>
    // NOLINTNEXTLINE(google-explicit-constructor): numbers mix as they do with built-in integers
    constexpr WideByHalves(Number number)
        : high_(std::cmp_less(number, 0) ? -1 : 0), low_(static_cast<std::uint64_t>(number)) {}
    static constexpr WideByHalves of(std::int64_t high, std::uint64_t low) {
        WideByHalves wide;
        wide.high_ = high;
        wide.low_ = low;
        return wide;
    }

    constexpr std::int64_t high() const { return high_; }
    constexpr std::uint64_t low() const { return low_; }
    template <std::integral Number>
    explicit constexpr operator Number() const {
        return static_cast<Number>(low_);
    }

    constexpr WideByHalves operator-() const { return of(~high_, ~low_) + 1; }
    friend constexpr WideByHalves operator+(WideByHalves a, WideByHalves b) {
        const std::uint64_t low = a.low_ + b.low_;
        return of(wrapped(bits(a.high_) + bits(b.high_) + (low < a.low_ ? 1 : 0)), low);
    }
    friend constexpr WideByHalves operator-(WideByHalves a, WideByHalves b) { return a + -b; }
    friend constexpr WideByHalves operator*(WideByHalves a, WideByHalves b) {
        const WideByHalves lows = product(a.low_, b.low_);
        return of(wrapped(bits(lows.high_) + bits(a.high_) * b.low_ + a.low_ * bits(b.high_)),
                  lows.low_);
    }
    // Rounds towards zero; `b` is not 0.
    friend constexpr WideByHalves operator/(WideByHalves a, WideByHalves b) {
        const WideByHalves quotient = unsigned_quotient(a.magnitude(), b.magnitude());
        return (a.high_ < 0) == (b.high_ < 0) ? quotient : -quotient;
    }
    constexpr WideByHalves& operator+=(WideByHalves other) { return *this = *this + other; }
    constexpr WideByHalves& operator-=(WideByHalves other) { return *this = *this - other; }

    friend constexpr bool operator==(WideByHalves, WideByHalves) = default;
    friend constexpr std::strong_ordering operator<=>(WideByHalves, WideByHalves) = default;

private:
    static constexpr std::uint64_t bits(std::int64_t number) {
        return static_cast<std::uint64_t>(number);
    }
    static constexpr std::int64_t wrapped(std::uint64_t number) {
        return static_cast<std::int64_t>(number);
    }
    constexpr WideByHalves magnitude() const { return high_ < 0 ? -*this : *this; }
    static constexpr WideByHalves product(std::uint64_t a, std::uint64_t b) {
        constexpr std::uint64_t half = 0xFFFF'FFFF;
        const std::uint64_t low = (a & half) * (b & half);
        const std::uint64_t cross = (a >> 32) * (b & half) + (low >> 32);
        const std::uint64_t middle = (a & half) * (b >> 32) + (cross & half);
        return of(wrapped((a >> 32) * (b >> 32) + (cross >> 32) + (middle >> 32)),
                  middle << 32 | (low & half));
    }
    constexpr bool below(WideByHalves other) const {  // as unsigned numbers
        return high_ == other.high_ ? low_ < other.low_ : bits(high_) < bits(other.high_);
    }
    static constexpr WideByHalves unsigned_quotient(WideByHalves a, WideByHalves b) {
        if (a.high_ == 0 && b.high_ == 0) {
            return a.low_ / b.low_;
        }
        WideByHalves quotient;
        WideByHalves rest;
        for (int bit = 127; bit >= 0; --bit) {
            const std::uint64_t half = bit >= 64 ? bits(a.high_) : a.low_;
            // A rest whose highest bit is lost by the shift is larger than any divisor.
            const bool larger = rest.high_ < 0;
            rest = of(wrapped(bits(rest.high_) << 1 | rest.low_ >> 63),
                      rest.low_ << 1 | (half >> (bit % 64) & 1));
            quotient =
                of(wrapped(bits(quotient.high_) << 1 | quotient.low_ >> 63), quotient.low_ << 1);
            if (larger || !rest.below(b)) {
                rest -= b;
                quotient.low_ |= 1;
            }
        }
        return quotient;
    }

    std::int64_t high_ = 0;  // before the other half: comparisons go by the order
    std::uint64_t low_ = 0;
};

#ifdef __SIZEOF_INT128__
__extension__ using Wide = __int128;
__extension__ using UnsignedWide = unsigned __int128;
constexpr Wide wide_of(std::int64_t high, std::uint64_t low) {
    return static_cast<Wide>(static_cast<UnsignedWide>(high) << 64 | low);
}
constexpr std::int64_t high_half(Wide wide) {
    return static_cast<std::int64_t>(wide >> 64);
}
constexpr std::uint64_t low_half(Wide wide) {
    return static_cast<std::uint64_t>(wide);
}
#else
using Wide = WideByHalves;
constexpr Wide wide_of(std::int64_t high, std::uint64_t low) {
    return Wide::of(high, low);
}
constexpr std::int64_t high_half(Wide wide) {
    return wide.high();
}
constexpr std::uint64_t low_half(Wide wide) {
    return wide.low();
}
#endif

}  // namespace flyball
