#include "governors/quota_window.h"

#include <chrono>

#include "schemas/expects.h"

namespace flyball {

namespace {

std::int64_t floor_div(std::int64_t dividend, std::int64_t divisor) {
    return dividend / divisor - (dividend % divisor < 0 ? 1 : 0);
}

// Calendar months since year 0.
std::int64_t month_number(Instant at) {
    const std::chrono::year_month_day date(std::chrono::floor<std::chrono::days>(at));
    return std::int64_t{static_cast<int>(date.year())} * 12 +
           static_cast<std::int64_t>(static_cast<unsigned>(date.month()));
}

}  // namespace

Window window_at(const Duration& length, Instant anchor, Instant now) {
    expects(length.ms > 0 || length.months > 0, "a window has a length");
    if (length.months == 0) {
        const std::int64_t number = floor_div(to_ms(now) - to_ms(anchor), length.ms);
        const Instant begin = anchor + Span{number * length.ms};
        return {number, begin, begin + Span{length.ms}};
    }
    // The first guess ignores days and is at most one window late.
    std::int64_t number = floor_div(month_number(now) - month_number(anchor), length.months);
    if (add_months(anchor, number * length.months) > now) {
        --number;
    }
    return {number, add_months(anchor, number * length.months),
            add_months(anchor, (number + 1) * length.months)};
}

}  // namespace flyball
