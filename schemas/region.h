#pragma once
// Which names a region may have. Two stand where a region's would and are none: a node of such a
// name would read and forge replies. Pure. Any thread.

#include <algorithm>
#include <array>
#include <string_view>

#include "schemas/request.h"

namespace flyball {

// Replies, and one that is kept for later (docs/protocol.md).
inline constexpr std::array<std::string_view, 2> reserved_regions{"reply", "policy"};

inline bool valid_region(std::string_view name) {
    return valid_name(name) && std::ranges::find(reserved_regions, name) == reserved_regions.end();
}

}  // namespace flyball
