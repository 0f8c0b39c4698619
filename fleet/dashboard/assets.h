#pragma once
// The page's files as the build put them into the program (fleet/dashboard/embed.cmake). Any
// thread.

#include <span>
#include <string_view>

namespace flyball {

struct Asset {
    std::string_view path;  // "/app.js"
    std::string_view type;  // of its content
    std::string_view content;
};

std::span<const Asset> dashboard_assets();

}  // namespace flyball
