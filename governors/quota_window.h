#pragma once
// Where an instant lies among windows of equal length, in milliseconds or calendar months, counted
// from an anchor. Months are always computed from the anchor, so that a clamped day (28 February of
// an anchor on the 31st) never moves the windows after it. Pure, any thread.

#include <cstdint>

#include "schemas/duration.h"
#include "schemas/time.h"

namespace flyball {

struct Window {
    std::int64_t number = 0;  // the one that begins at the anchor is 0
    Instant begin{};
    Instant end{};  // the first instant of the next

    bool holds(Instant at) const { return begin <= at && at < end; }
};

// `length` is longer than nothing.
Window window_at(const Duration& length, Instant anchor, Instant now);

}  // namespace flyball
