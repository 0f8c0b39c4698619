#pragma once
// Instants and spans of governor time, both in whole milliseconds. An Instant counts from the Unix
// epoch. Nothing here reads a clock: whoever decides is handed `now`.

#include <chrono>
#include <cstdint>

namespace flyball {

using Span = std::chrono::milliseconds;
using Instant = std::chrono::sys_time<Span>;

constexpr Instant instant_from_ms(std::int64_t ms) {
    return Instant{Span{ms}};
}
constexpr std::int64_t to_ms(Instant at) {
    return at.time_since_epoch().count();
}

}  // namespace flyball
