#pragma once
// The tool's only look at a clock; everything else is handed `now`.

#include <chrono>
#include <cstdint>

#include "schemas/time.h"

namespace flyball {

using Deadline = std::chrono::steady_clock::time_point;

Instant wall_now();
std::int64_t monotonic_us();  // never back; only differences mean something
Deadline deadline_after(Span span);
Span left_until(Deadline deadline);  // never negative

}  // namespace flyball
