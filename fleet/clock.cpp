#include "fleet/clock.h"

#include <algorithm>

namespace flyball {

Instant wall_now() {
    return std::chrono::floor<Span>(std::chrono::system_clock::now());
}

Deadline deadline_after(Span span) {
    return std::chrono::steady_clock::now() + span;
}

Span left_until(Deadline deadline) {
    const auto left = std::chrono::ceil<Span>(deadline - std::chrono::steady_clock::now());
    return std::max(left, Span::zero());
}

}  // namespace flyball
