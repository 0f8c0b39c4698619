#include "fleet/load/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace flyball {

// Up to 32 each value has its own step; above, the five bits below the highest one choose.
std::size_t LoadHistogram::step_of(std::uint64_t us) {
    constexpr std::uint64_t linear = 1U << step_bits;
    if (us < linear) {
        return static_cast<std::size_t>(us);
    }
    const auto bits = static_cast<unsigned>(std::bit_width(us)) - 1;
    const auto below = static_cast<std::size_t>((us >> (bits - step_bits)) - linear);
    const std::size_t step = ((bits - step_bits + 1) << step_bits) + below;
    return std::min(step, steps - 1);
}

std::int64_t LoadHistogram::top_of(std::size_t step) {
    constexpr std::uint64_t linear = 1U << step_bits;
    if (step < linear) {
        return static_cast<std::int64_t>(step);
    }
    const auto shift = static_cast<unsigned>(step >> step_bits) - 1;
    const std::uint64_t from = linear + (step & (linear - 1));
    return static_cast<std::int64_t>(((from + 1) << shift) - 1);
}

void LoadHistogram::record(std::int64_t us, std::uint64_t times) {
    us = std::max<std::int64_t>(us, 0);
    counts_[step_of(static_cast<std::uint64_t>(us))] += times;
    count_ += times;
    max_us_ = std::max(max_us_, us);
    sum_us_ += static_cast<double>(us) * static_cast<double>(times);
}

void LoadHistogram::add(const LoadHistogram& other) {
    std::ranges::transform(counts_, other.counts_, counts_.begin(), std::plus<>());
    count_ += other.count_;
    max_us_ = std::max(max_us_, other.max_us_);
    sum_us_ += other.sum_us_;
}

double LoadHistogram::mean_us() const {
    return count_ == 0 ? 0 : sum_us_ / static_cast<double>(count_);
}

std::int64_t LoadHistogram::percentile(double fraction) const {
    const auto wanted =
        static_cast<std::uint64_t>(std::ceil(fraction * static_cast<double>(count_)));
    std::uint64_t seen = 0;
    for (std::size_t step = 0; step < steps && count_ > 0; ++step) {
        seen += counts_[step];
        if (seen >= std::max<std::uint64_t>(wanted, 1)) {
            return std::min(top_of(step), max_us_);
        }
    }
    return 0;
}

std::vector<LoadHistogram::Bucket> LoadHistogram::buckets() const {
    std::vector<Bucket> all;
    for (std::size_t step = 0; step < steps; ++step) {
        if (counts_[step] > 0) {
            all.push_back({top_of(step), counts_[step]});
        }
    }
    return all;
}

std::vector<LoadHistogram::Bucket> LoadHistogram::doublings() const {
    std::vector<Bucket> all;
    for (const Bucket& bucket : buckets()) {
        const auto top = static_cast<std::int64_t>(
            std::bit_ceil(static_cast<std::uint64_t>(bucket.up_to_us) + 1));
        while (!all.empty() && all.back().up_to_us < top) {
            all.push_back({all.back().up_to_us * 2, 0});
        }
        if (all.empty()) {
            all.push_back({top, 0});
        }
        all.back().count += bucket.count;
    }
    return all;
}

}  // namespace flyball
