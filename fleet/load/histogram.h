#pragma once
// Microseconds by how often they were seen: log-linear, 32 steps to each doubling, so that a value
// is told to 3 %, from 1 us to 2^36 us (19 hours; more counts as that). Counts, never samples:
// bounded at 8 KB. Plain value.

#include <array>
#include <cstdint>
#include <vector>

namespace flyball {

class LoadHistogram {
public:
    void record(std::int64_t us, std::uint64_t times = 1);  // below 0 counts as 0
    void add(const LoadHistogram& other);
    void clear() { *this = LoadHistogram(); }

    std::uint64_t count() const { return count_; }
    std::int64_t max_us() const { return max_us_; }
    double mean_us() const;
    // The value that this fraction of all is at or below; 0 when there is none. The highest of its
    // step, so never less than what was recorded, and never above the maximum.
    std::int64_t percentile(double fraction) const;

    struct Bucket {
        std::int64_t up_to_us = 0;  // this and less, and more than the bucket before
        std::uint64_t count = 0;
    };
    std::vector<Bucket> buckets() const;    // those that have something, ascending
    std::vector<Bucket> doublings() const;  // of each doubling from the first to the last: below it

private:
    static constexpr unsigned step_bits = 5;
    static constexpr unsigned bits_max = 36;
    static constexpr std::size_t steps = (bits_max - step_bits + 1) << step_bits;
    static std::size_t step_of(std::uint64_t us);
    static std::int64_t top_of(std::size_t step);

    std::array<std::uint64_t, steps> counts_{};
    std::uint64_t count_ = 0;
    std::int64_t max_us_ = 0;
    double sum_us_ = 0;
};

}  // namespace flyball
