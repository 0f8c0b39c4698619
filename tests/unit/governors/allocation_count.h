#pragma once
// Counts what a program allocates by operator new; links into a test program once.

#include <cstdint>

namespace flyball {

std::uint64_t allocations_so_far();

}  // namespace flyball
