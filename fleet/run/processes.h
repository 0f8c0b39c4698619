#pragma once
// What processes use, from /proc. Any thread.

#include <sys/types.h>

#include <cstdint>

namespace flyball {

// Proportional set size, bytes: pages that several share count for each in part. 0: it is gone.
std::uint64_t pss_bytes(pid_t pid);
// Processor time so far, seconds. 0: it is gone.
double cpu_seconds(pid_t pid);

}  // namespace flyball
