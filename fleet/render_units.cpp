// The parts of fleet/render.h that put numbers and values into words.

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <array>
#include <cmath>
#include <ctime>
#include <limits>

#include "fleet/render.h"

namespace flyball {
namespace {

constexpr std::int64_t second_ms = 1000;
constexpr std::int64_t minute_ms = 60 * second_ms;
constexpr std::int64_t hour_ms = 60 * minute_ms;
constexpr std::int64_t day_ms = 24 * hour_ms;

std::string two_units(std::int64_t ms, std::int64_t unit, const char* name, std::int64_t below,
                      const char* below_name) {
    const std::int64_t whole = ms / unit;
    const std::int64_t rest = ms % unit / below;
    return rest == 0 ? fmt::format("{} {}", whole, name)
                     : fmt::format("{} {} {} {}", whole, name, rest, below_name);
}

// Dates that a person can read end where fmt's calendar does: year 9999.
bool dateable(std::int64_t ms) {
    return ms >= 0 && ms < 253'402'300'800'000;
}

bool is_instant(std::string_view key) {
    return key == "at" || key.ends_with("_at") || key == "period_end" || key.ends_with("not_after");
}

}  // namespace

std::string span_text(std::int64_t ms) {
    if (ms < 0) {
        return ms == std::numeric_limits<std::int64_t>::min() ? "for ever" : "-" + span_text(-ms);
    }
    if (ms < second_ms) {
        return fmt::format("{} ms", ms);
    }
    if (ms < 10 * second_ms && ms % second_ms != 0) {
        return fmt::format("{:.1f} s", std::floor(static_cast<double>(ms) / 100.0) / 10.0);
    }
    if (ms < minute_ms) {
        return fmt::format("{} s", ms / second_ms);
    }
    if (ms < hour_ms) {
        return two_units(ms, minute_ms, "min", second_ms, "s");
    }
    return ms < day_ms ? two_units(ms, hour_ms, "h", minute_ms, "min")
                       : two_units(ms, day_ms, "d", hour_ms, "h");
}

std::string bytes_text(std::int64_t bytes) {
    static constexpr std::array names{"B", "KiB", "MiB", "GiB", "TiB"};
    double amount = static_cast<double>(bytes);
    std::size_t unit = 0;
    while (std::abs(amount) >= 1024.0 && unit + 1 < names.size()) {
        amount /= 1024.0;
        ++unit;
    }
    return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", amount, names[unit]);
}

std::string micros_text(double us) {
    if (us < 1000.0) {
        return fmt::format("{:.0f} µs", us);
    }
    return us < 1'000'000.0 ? fmt::format("{:.1f} ms", us / 1000.0)
                            : fmt::format("{:.1f} s", us / 1'000'000.0);
}

std::string clock_text(Instant at) {
    if (!dateable(to_ms(at))) {
        return "--:--:--";
    }
    const std::time_t seconds = static_cast<std::time_t>(to_ms(at) / second_ms);
    std::tm local{};
    localtime_r(&seconds, &local);
    return fmt::format("{:%H:%M:%S}", local);
}

std::string date_text(Instant at) {
    if (!dateable(to_ms(at))) {
        return fmt::format("{} ms", to_ms(at));
    }
    return fmt::format("{:%Y-%m-%d %H:%M:%S} UTC",
                       fmt::gmtime(static_cast<std::time_t>(to_ms(at) / second_ms)));
}

std::string value_text(const Json& value) {
    if (value.is_string()) {
        return printable(value.get_ref<const std::string&>());
    }
    if (value.is_null()) {
        return "-";
    }
    return printable(json_text(value));
}

std::string remark_on(std::string_view key, const Json& value) {
    if (!value.is_number_integer()) {
        return {};
    }
    const auto number = value.get<std::int64_t>();
    if (is_instant(key)) {
        return dateable(number) ? date_text(instant_from_ms(number)) : std::string();
    }
    if (key.ends_with("_ms") && number >= second_ms) {
        return span_text(number);
    }
    if (key.ends_with("_s") && number >= 60 && number < day_ms * 366) {
        return span_text(number * second_ms);
    }
    return key.ends_with("bytes") && number >= 1024 ? bytes_text(number) : std::string();
}

}  // namespace flyball
