#pragma once
// How long requests took, in microseconds. Histogram: log-linear, 2 significant digits (at most
// 0.8 % too high), 1 us to 60 s, 10 kB, O(1). Latency: two of them that take turns every minute,
// and totals since the start. Owned by whoever owns the engine, one thread at a time.

#include <array>
#include <cstddef>
#include <cstdint>

namespace flyball {

class Histogram {
public:
    static constexpr std::int64_t us_max = 60'000'000;  // what is longer counts as this

    void record(std::int64_t us);
    void clear();
    std::uint64_t count() const { return count_; }
    std::int64_t max() const { return max_; }  // exact, also above us_max

    // Values up to 255 have a counter each, every doubling above has 128.
    static constexpr std::size_t slots = 256 + 18 * 128;
    static std::size_t slot_of(std::int64_t us);
    static std::int64_t highest_in(std::size_t slot);
    std::uint32_t in_slot(std::size_t slot) const { return counters_[slot]; }

private:
    std::array<std::uint32_t, slots> counters_{};
    std::uint64_t count_ = 0;
    std::int64_t max_ = 0;
};

// Upper bounds of the cumulative totals in health; one more counts all.
inline constexpr std::array<std::int64_t, 10> latency_bounds_us = {
    50, 100, 250, 500, 1'000, 2'500, 5'000, 10'000, 50'000, 250'000};

class Latency {
public:
    void record(std::int64_t us, std::int64_t monotonic_us);

    // Over the last one to two minutes; zeros when nothing was recorded.
    struct Recent {
        std::int64_t p50 = 0;
        std::int64_t p99 = 0;
        std::int64_t p999 = 0;
        std::int64_t max = 0;
    };
    Recent recent(std::int64_t monotonic_us);

    // Since the start: how many took at most latency_bounds_us[i]; the last entry is all.
    using Totals = std::array<std::uint64_t, latency_bounds_us.size() + 1>;
    Totals totals() const;
    std::uint64_t sum_us() const { return sum_us_; }

private:
    void turn(std::int64_t monotonic_us);

    std::array<Histogram, 2> turns_;
    std::size_t present_ = 0;
    std::int64_t turned_us_ = 0;
    Totals in_bucket_{};
    std::uint64_t sum_us_ = 0;
};

}  // namespace flyball
