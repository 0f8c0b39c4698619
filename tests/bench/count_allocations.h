#pragma once
// How often this program has asked malloc for memory, whoever asked: operator new and the C
// libraries alike. Linking count_allocations.cpp replaces malloc, calloc and realloc (glibc).

#include <cstdint>

namespace flyball {

std::uint64_t allocations_so_far();

}  // namespace flyball
