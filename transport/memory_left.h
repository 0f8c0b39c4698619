#pragma once
// Whether this process could have so much more memory just now. Asked before a queue grows: a
// library that does not survive a refused allocation must not be the first to meet one (Paho C
// 1.3.12 keeps its heap's lock when malloc fails, and is silent from then on). Two system calls.
// Any thread.

#include <cstddef>

namespace flyball {

// Looks at what the kernel counts against limits (RLIMIT_DATA, RLIMIT_AS, strict overcommitment)
// and not at holes in the heap. A control group's limit it does not see: that ends a process.
bool memory_left(std::size_t bytes) noexcept;

}  // namespace flyball
