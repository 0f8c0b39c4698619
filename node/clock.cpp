#include "node/clock.h"

#include <sys/timex.h>

#include <ctime>

namespace flyball {
namespace {

std::int64_t read_us(clockid_t clock) noexcept {
    timespec time{};
    clock_gettime(clock, &time);
    return std::int64_t{time.tv_sec} * 1'000'000 + time.tv_nsec / 1'000;
}

// The kernel forgets that it is synchronised about 16 s after the last word of a time service.
bool kernel_synchronised() noexcept {
    timex state{};
    const int clock_state = adjtimex(&state);
    return clock_state != -1 && clock_state != TIME_ERROR && (state.status & STA_UNSYNC) == 0;
}

}  // namespace

ClockSample sample_clock() noexcept {
    return {.wall = instant_from_ms(read_us(CLOCK_REALTIME) / 1'000),
            .monotonic_us = read_us(CLOCK_MONOTONIC),
            .synchronised = kernel_synchronised};
}

std::int64_t monotonic_us() noexcept {
    return read_us(CLOCK_MONOTONIC);
}

std::int64_t monotonic_ns() noexcept {
    timespec time{};
    clock_gettime(CLOCK_MONOTONIC, &time);
    return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

Instant build_date() noexcept {
    return instant_from_ms(std::int64_t{FLYBALL_BUILD_DATE} * 1'000);
}

}  // namespace flyball
