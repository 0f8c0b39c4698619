#pragma once
// Where the time of requests goes, as a person reads it: a line of `trace`, the table of `profile`.
// Pure. Any thread.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "fleet/render.h"

namespace flyball {

inline constexpr std::array<std::string_view, 5> stage_names = {"receive", "decode", "decide",
                                                                "encode", "publish"};

// The lines of one trace, in columns as wide as `governor` and what has come so far need.
class TraceText {
public:
    explicit TraceText(Style style) : style_(style) {}
    std::string header() const;
    // One request's line; what it took is added up.
    std::string line(const Json& traced, Instant at);
    // What a request took on average; empty when none came.
    std::string average() const;
    std::uint64_t lines() const { return lines_; }

private:
    std::string row(std::string_view time, std::string_view governor, std::string_view tenant,
                    std::string_view decision, std::string_view tail) const;

    Style style_;
    std::uint64_t lines_ = 0;
    std::array<double, stage_names.size()> sums_us_{};
};

// `reply` of control's profile: a row a stage with a bar of its share, and the whole.
std::string profile_text(const Json& reply, const Style& style);

}  // namespace flyball
