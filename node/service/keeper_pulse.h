#pragma once
// How the keeper's thread gets on, for the watchdog. It says what it is about to do, and that is
// good for so long; whoever looks later finds a thread that hangs. A card that takes its time with
// a write is no hang, so a call of the disk has a limit of its own. Raised by the thread that takes
// the keeper's turns, read by any.

#include <atomic>
#include <cstdint>

namespace flyball {

class KeeperPulse {
public:
    // Between two signs of life of a thread that computes: a slice of a snapshot takes 1 ms, and a
    // device under load some hundred times that.
    static constexpr std::int64_t works_for_us = 5'000'000;
    // SD cards were seen to be busy for seconds; what takes longer than this does not end.
    static constexpr std::int64_t disk_for_us = 60'000'000;

    // Monotonic microseconds, all of them.
    void works(std::int64_t now_us) noexcept { good_until_us_ = now_us + works_for_us; }
    void calls_the_disk(std::int64_t now_us) noexcept { good_until_us_ = now_us + disk_for_us; }
    // Has nothing to do until then; the time it takes to wake up is working time.
    void rests_until(std::int64_t us) noexcept { good_until_us_ = us + works_for_us; }

    bool is_good(std::int64_t now_us) const noexcept { return now_us <= good_until_us_; }

private:
    // Good as long as nobody has begun: before the first turn the start itself is waited for.
    std::atomic<std::int64_t> good_until_us_{INT64_MAX};
};

}  // namespace flyball
