#include "fleet/clock.h"

#include <algorithm>

namespace flyball {

Instant wall_now() {
    return std::chrono::floor<Span>(std::chrono::system_clock::now());
}

std::int64_t monotonic_us() {
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::microseconds>(now).count();
}

Deadline deadline_after(Span span) {
    return std::chrono::steady_clock::now() + span;
}

Span left_until(Deadline deadline) {
    const auto left = std::chrono::ceil<Span>(deadline - std::chrono::steady_clock::now());
    return std::max(left, Span::zero());
}

}  // namespace flyball
