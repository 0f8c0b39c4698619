#pragma once
// Sizes and seeds that tools/torture and whoever replays a failure set by a variable.

#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace flyball::testing {

inline std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
    const char* const text = std::getenv(variable);
    return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

inline std::string_view text_from(const char* variable) {  // empty: not set
    const char* const text = std::getenv(variable);
    return text == nullptr ? std::string_view() : std::string_view(text);
}

}  // namespace flyball::testing
