#include "schemas/duration.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>

namespace flyball {
namespace {

constexpr std::int64_t ms_per_day = 86'400'000;
constexpr std::int64_t years_max = 100;
constexpr std::int64_t ms_max = years_max * 36525 / 100 * ms_per_day;
constexpr std::int64_t months_max = years_max * 12;

struct Unit {
    std::string_view name;
    std::int64_t ms;  // 0: a calendar month
};
// From the smallest: of two forms of the same length the smaller unit is the usual one ("7d").
constexpr std::array<Unit, 7> units = {{
    {"ms", 1},
    {"s", 1'000},
    {"m", 60'000},
    {"h", 3'600'000},
    {"d", ms_per_day},
    {"w", 7 * ms_per_day},
    {"mo", 0},
}};

// Takes the digits at the start of `text`; nothing when there are none or they exceed 63 bits.
std::optional<std::int64_t> take_number(std::string_view& text) {
    if (text.empty() || text.front() < '0' || text.front() > '9') {
        return std::nullopt;
    }
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{}) {
        return std::nullopt;
    }
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return number;
}

// Takes exactly `count` digits.
std::optional<int> take_digits(std::string_view& text, std::size_t count) {
    if (text.size() < count) {
        return std::nullopt;
    }
    int number = 0;
    for (const char digit : text.substr(0, count)) {
        if (digit < '0' || digit > '9') {
            return std::nullopt;
        }
        number = number * 10 + (digit - '0');
    }
    text.remove_prefix(count);
    return number;
}

bool take(std::string_view& text, char wanted) {
    if (text.empty() || text.front() != wanted) {
        return false;
    }
    text.remove_prefix(1);
    return true;
}

// ".25" as milliseconds, what is finer cut off; 0 when there is no fraction.
std::optional<int> take_fraction_ms(std::string_view& text) {
    if (!take(text, '.')) {
        return 0;
    }
    int ms = 0;
    int weight = 100;
    std::size_t digits = 0;
    while (digits < text.size() && text[digits] >= '0' && text[digits] <= '9') {
        ms += (text[digits] - '0') * weight;
        weight /= 10;
        ++digits;
    }
    if (digits == 0) {
        return std::nullopt;
    }
    text.remove_prefix(digits);
    return ms;
}

// "Z" or "+01:00", in minutes east of Greenwich.
std::optional<int> take_offset(std::string_view& text) {
    if (take(text, 'Z') || take(text, 'z')) {
        return 0;
    }
    const bool west = !text.empty() && text.front() == '-';
    if (!take(text, west ? '-' : '+')) {
        return std::nullopt;
    }
    const auto hours = take_digits(text, 2);
    if (!hours || *hours > 23 || !take(text, ':')) {
        return std::nullopt;
    }
    const auto minutes = take_digits(text, 2);
    if (!minutes || *minutes > 59) {
        return std::nullopt;
    }
    const int offset = *hours * 60 + *minutes;
    return west ? -offset : offset;
}

std::optional<std::chrono::sys_days> take_date(std::string_view& text) {
    const auto year = take_digits(text, 4);
    if (!year || !take(text, '-')) {
        return std::nullopt;
    }
    const auto month = take_digits(text, 2);
    if (!month || !take(text, '-')) {
        return std::nullopt;
    }
    const auto day = take_digits(text, 2);
    if (!day) {
        return std::nullopt;
    }
    const std::chrono::year_month_day date{std::chrono::year{*year},
                                           std::chrono::month{static_cast<unsigned>(*month)},
                                           std::chrono::day{static_cast<unsigned>(*day)}};
    if (!date.ok()) {
        return std::nullopt;
    }
    return std::chrono::sys_days{date};
}

struct TimeOfDay {
    int hour;
    int minute;
    int second;  // 60 in a leap second
    int ms;
};

std::optional<TimeOfDay> take_time(std::string_view& text) {
    const auto hour = take_digits(text, 2);
    if (!hour || *hour > 23 || !take(text, ':')) {
        return std::nullopt;
    }
    const auto minute = take_digits(text, 2);
    if (!minute || *minute > 59 || !take(text, ':')) {
        return std::nullopt;
    }
    const auto second = take_digits(text, 2);
    if (!second || *second > 60) {
        return std::nullopt;
    }
    const auto ms = take_fraction_ms(text);
    if (!ms) {
        return std::nullopt;
    }
    return TimeOfDay{*hour, *minute, *second, *ms};
}

// Division that rounds down, by a positive divisor; no intermediate overflows.
struct Division {
    std::int64_t quotient;
    std::int64_t rest;  // from 0 to divisor - 1
};
constexpr Division floor_divide(std::int64_t number, std::int64_t divisor) {
    const std::int64_t rest = number % divisor;
    return rest < 0 ? Division{number / divisor - 1, rest + divisor}
                    : Division{number / divisor, rest};
}

std::optional<std::uint64_t> size_unit(std::string_view name) {
    if (name.empty() || name == "B") {
        return 1;
    }
    if (name == "KiB" || name == "KB") {
        return std::uint64_t{1} << 10;
    }
    if (name == "MiB" || name == "MB") {
        return std::uint64_t{1} << 20;
    }
    if (name == "GiB" || name == "GB") {
        return std::uint64_t{1} << 30;
    }
    return std::nullopt;
}

}  // namespace

std::optional<Duration> parse_duration(std::string_view text) {
    const auto number = take_number(text);
    if (!number) {
        return std::nullopt;
    }
    for (const Unit& unit : units) {
        if (unit.name != text) {
            continue;
        }
        if (unit.ms == 0) {
            return *number <= months_max
                       ? std::optional(Duration{0, static_cast<std::int32_t>(*number)})
                       : std::nullopt;
        }
        return *number <= ms_max / unit.ms ? std::optional(Duration{*number * unit.ms, 0})
                                           : std::nullopt;
    }
    return std::nullopt;
}

std::string format_duration(const Duration& duration) {
    if (duration.months != 0) {
        return std::to_string(duration.months) + "mo";
    }
    std::string shortest;
    for (const Unit& unit : units) {
        if (unit.ms == 0 || duration.ms % unit.ms != 0) {
            continue;
        }
        std::string form = std::to_string(duration.ms / unit.ms).append(unit.name);
        if (shortest.empty() || form.size() < shortest.size()) {
            shortest = std::move(form);
        }
    }
    return shortest;
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
    const auto number = take_number(text);
    if (!number) {
        return std::nullopt;
    }
    if (text.size() > 1) {
        take(text, ' ');
    }
    const auto unit = size_unit(text);
    const auto count = static_cast<std::uint64_t>(*number);
    if (!unit || count > UINT64_MAX / *unit) {
        return std::nullopt;
    }
    return count * *unit;
}

std::optional<Instant> parse_rfc3339(std::string_view text) {
    const auto date = take_date(text);
    if (!date || !(take(text, 'T') || take(text, 't'))) {
        return std::nullopt;
    }
    const auto time = take_time(text);
    if (!time) {
        return std::nullopt;
    }
    const auto offset = take_offset(text);
    if (!offset || !text.empty()) {
        return std::nullopt;
    }
    const int minute_of_day = time->hour * 60 + time->minute;
    // A leap second ends a day of UTC and nothing else.
    if (time->second == 60 && (minute_of_day - *offset + 2 * 1440) % 1440 != 1439) {
        return std::nullopt;
    }
    return Instant{*date} + std::chrono::minutes{minute_of_day - *offset} +
           std::chrono::seconds{time->second} + Span{time->ms};
}

// The calendar repeats every 400 years of 146,097 days; <chrono> computes within the cycle that
// starts in 1970 and the cycles are counted here, so that no instant is out of its range.
Instant add_months(Instant anchor, std::int64_t months) {
    constexpr std::int64_t days_per_cycle = 146'097;
    constexpr std::int64_t months_per_cycle = 4'800;
    constexpr std::int64_t cycles_max = 700'000;  // 280 million years: instants end there
    const Division day = floor_divide(to_ms(anchor), ms_per_day);
    const Division cycle = floor_divide(day.quotient, days_per_cycle);
    const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{cycle.rest}}};

    const Division added = floor_divide(months, months_per_cycle);
    std::chrono::year_month_day moved = date + std::chrono::months{added.rest};
    if (!moved.ok()) {
        moved = moved.year() / moved.month() / std::chrono::last;
    }
    const std::int64_t cycles =
        std::clamp(cycle.quotient + added.quotient, -cycles_max, cycles_max);
    const std::int64_t moved_days = std::chrono::sys_days{moved}.time_since_epoch().count();
    return instant_from_ms((cycles * days_per_cycle + moved_days) * ms_per_day + day.rest);
}

}  // namespace flyball
