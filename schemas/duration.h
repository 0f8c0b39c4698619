#pragma once
// Durations and sizes as people write them in a configuration: "250ms", "30s", "5m", "12h", "1d",
// "2w", "1mo"; 65536, "64 KiB", "1 MiB". No fractions, no signs.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "schemas/time.h"

namespace flyball {

// A number of milliseconds or a number of calendar months, never both.
struct Duration {
    std::int64_t ms = 0;
    std::int32_t months = 0;
    bool operator==(const Duration&) const = default;
};

// Nothing when it does not parse or exceeds 100 years.
std::optional<Duration> parse_duration(std::string_view text);
std::string format_duration(const Duration& duration);  // the shortest form that parses back

// Bytes; "B", "KiB", "MiB", "GiB" (also without the i: the same powers of two), optional space.
std::optional<std::uint64_t> parse_size(std::string_view text);

// RFC 3339 with an offset, e.g. 2026-11-22T10:00:00+01:00; nothing when it does not parse.
std::optional<Instant> parse_rfc3339(std::string_view text);

// A date of the proleptic Gregorian calendar, UTC, `months` after `anchor`: the day is clamped to
// the month's end, computed from the anchor and never from a clamped date.
Instant add_months(Instant anchor, std::int64_t months);

}  // namespace flyball
