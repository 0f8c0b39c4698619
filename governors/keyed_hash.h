#pragma once
// 64-bit hash of bytes under a secret seed (XXH3), so that nobody outside can choose inputs that
// collide. The same on every machine. Any thread, allocates nothing.

#include <cstdint>
#include <string_view>

namespace flyball {

std::uint64_t keyed_hash(std::string_view bytes, std::uint64_t seed);

}  // namespace flyball
