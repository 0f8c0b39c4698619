#include "node/histogram.h"

#include <algorithm>
#include <bit>
#include <limits>

namespace flyball {
namespace {

constexpr std::int64_t turn_us = 60'000'000;
constexpr std::size_t linear_end = 256;
constexpr unsigned linear_bits = 8;  // 256 = 2^8
constexpr std::size_t per_doubling = 128;

}  // namespace

std::size_t Histogram::slot_of(std::int64_t us) {
    static_assert(us_max <= std::numeric_limits<std::size_t>::max());
    const auto value = static_cast<std::size_t>(std::clamp<std::int64_t>(us, 0, us_max));
    if (value < linear_end) {
        return value;
    }
    // The 8 leading bits of the value: 128 to 255 within its doubling.
    const unsigned shift = static_cast<unsigned>(std::bit_width(value)) - linear_bits;
    return linear_end + (shift - 1) * per_doubling + ((value >> shift) - per_doubling);
}

std::int64_t Histogram::highest_in(std::size_t slot) {
    if (slot < linear_end) {
        return static_cast<std::int64_t>(slot);
    }
    const std::size_t doubling = (slot - linear_end) / per_doubling;
    const std::uint64_t leading = per_doubling + (slot - linear_end) % per_doubling;
    return static_cast<std::int64_t>(((leading + 1) << (doubling + 1)) - 1);
}

void Histogram::record(std::int64_t us) {
    std::uint32_t& counter = counters_[slot_of(us)];
    if (counter == std::numeric_limits<std::uint32_t>::max()) {
        return;
    }
    ++counter;
    ++count_;
    max_ = std::max(max_, us);
}

void Histogram::clear() {
    if (count_ > 0) {
        counters_.fill(0);
    }
    count_ = 0;
    max_ = 0;
}

// After two quiet minutes both are too old.
void Latency::turn(std::int64_t monotonic_us) {
    if (monotonic_us - turned_us_ < turn_us) {
        return;
    }
    if (monotonic_us - turned_us_ >= 2 * turn_us) {
        turns_[present_].clear();
    }
    present_ = 1 - present_;
    turns_[present_].clear();
    turned_us_ = monotonic_us;
}

void Latency::record(std::int64_t us, std::int64_t monotonic_us) {
    turn(monotonic_us);
    turns_[present_].record(us);
    const auto bound = std::lower_bound(latency_bounds_us.begin(), latency_bounds_us.end(), us);
    ++in_bucket_[static_cast<std::size_t>(bound - latency_bounds_us.begin())];
    sum_us_ += static_cast<std::uint64_t>(std::max<std::int64_t>(us, 0));
}

Latency::Recent Latency::recent(std::int64_t monotonic_us) {
    turn(monotonic_us);
    const std::uint64_t count = turns_[0].count() + turns_[1].count();
    Recent recent{.max = std::max(turns_[0].max(), turns_[1].max())};
    // The rank is rounded up: of 10 values the 99th percentile is the largest.
    const auto rank = [count](std::uint64_t per_mille) {
        return (count * per_mille + 999) / 1'000;
    };
    std::uint64_t seen = 0;
    for (std::size_t slot = 0; slot < Histogram::slots && seen < count; ++slot) {
        const std::uint64_t before = seen;
        seen += turns_[0].in_slot(slot) + std::uint64_t{turns_[1].in_slot(slot)};
        const std::int64_t value = std::min(Histogram::highest_in(slot), recent.max);
        const auto reach = [&](std::uint64_t wanted, std::int64_t& percentile) {
            if (before < wanted && wanted <= seen) {
                percentile = value;
            }
        };
        reach(rank(500), recent.p50);
        reach(rank(990), recent.p99);
        reach(rank(999), recent.p999);
    }
    return recent;
}

Latency::Totals Latency::totals() const {
    Totals totals = in_bucket_;
    for (std::size_t i = 1; i < totals.size(); ++i) {
        totals[i] += totals[i - 1];
    }
    return totals;
}

}  // namespace flyball
