#pragma once
// The only place that reads clocks; everybody else is handed what was read. Any thread.

#include <cstdint>

#include "schemas/time.h"

namespace flyball {

struct ClockSample {
    Instant wall{};
    std::int64_t monotonic_us = 0;
    // Whether the kernel calls the wall clock synchronised. A system call, so it is asked only when
    // a jump has to be judged; null: no.
    bool (*synchronised)() noexcept = nullptr;
};

ClockSample sample_clock() noexcept;
std::int64_t monotonic_us() noexcept;
std::int64_t monotonic_ns() noexcept;

// When this program was built: no clock of a device it runs on can rightly show less.
Instant build_date() noexcept;

}  // namespace flyball
