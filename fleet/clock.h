#pragma once
// The tool's only look at a clock; everything else is handed `now`.

#include <chrono>

#include "schemas/time.h"

namespace flyball {

using Deadline = std::chrono::steady_clock::time_point;

Instant wall_now();
Deadline deadline_after(Span span);
Span left_until(Deadline deadline);  // never negative

}  // namespace flyball
