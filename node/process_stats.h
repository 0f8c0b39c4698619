#pragma once
// What this process uses of its machine, as the kernel and the allocator count it. Some tens of
// microseconds: for health, not for every request. Any thread.

#include <cstdint>
#include <optional>
#include <string_view>

namespace flyball {

struct ProcessStats {
    // Nothing where the kernel does not say (no /proc).
    std::optional<std::uint64_t> rss_bytes;
    std::optional<std::uint64_t> pss_bytes;  // shared pages divided among those who share them
    std::uint64_t heap_bytes = 0;            // allocated and not freed
    std::int64_t user_us = 0;                // processor time since the start
    std::int64_t system_us = 0;
};

ProcessStats process_stats();

// What lies free in the heap's middle goes back to the system, when it pays: 1 MB a node after the
// opening of accounts. Takes as long as the heap is large, a millisecond for some MB.
void trim_heap();

// The same for this thread's stack, below where it is now.
void trim_stack();

// The value of a line "Pss:   123 kB" of /proc/<pid>/smaps_rollup, in bytes.
std::optional<std::uint64_t> smaps_bytes(std::string_view smaps, std::string_view name);

}  // namespace flyball
