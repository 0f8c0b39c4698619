#pragma once
// How many requests were refused, and which of them still get an answer: so many a second. Any
// thread.

#include <atomic>
#include <cstdint>

namespace flyball {

class Refusals {
public:
    static constexpr std::uint32_t answers_per_second = 100;

    void count() { total_.fetch_add(1); }
    // Counts one; whether it is answered.
    bool answers(std::int64_t now_us) {
        count();
        const std::int64_t second = now_us / 1'000'000;
        if (second_.exchange(second) != second) {
            in_second_ = 0;
        }
        return in_second_.fetch_add(1) < answers_per_second;
    }
    std::uint64_t total() const { return total_.load(); }

private:
    std::atomic<std::uint64_t> total_{0};
    std::atomic<std::int64_t> second_{0};
    std::atomic<std::uint32_t> in_second_{0};
};

}  // namespace flyball
