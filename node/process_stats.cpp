#include "node/process_stats.h"

#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace flyball {
namespace {

std::int64_t us_of(const timeval& time) {
    return std::int64_t{time.tv_sec} * 1'000'000 + time.tv_usec;
}

}  // namespace

std::optional<std::uint64_t> smaps_bytes(std::string_view smaps, std::string_view name) {
    std::size_t line = 0;
    while (line < smaps.size()) {
        std::string_view rest = smaps.substr(line);
        if (rest.starts_with(name) && rest.substr(name.size()).starts_with(":")) {
            rest.remove_prefix(name.size() + 1);
            rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
            std::uint64_t kilobytes = 0;
            const auto read = std::from_chars(rest.data(), rest.data() + rest.size(), kilobytes);
            return read.ec == std::errc{} ? std::optional(kilobytes * 1024) : std::nullopt;
        }
        const std::size_t end = rest.find('\n');
        if (end == std::string_view::npos) {
            break;
        }
        line += end + 1;
    }
    return std::nullopt;
}

void trim_heap() {
    constexpr std::size_t worth_it_bytes = 64 * 1024;
    if (mallinfo2().fordblks > worth_it_bytes) {
        malloc_trim(0);
    }
}

void trim_stack() {
    constexpr std::uintptr_t kept_bytes = 8192;  // the next calls go there
    const auto page_bytes = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
    pthread_attr_t attributes;
    void* lowest = nullptr;
    std::size_t size = 0;
    if (pthread_getattr_np(pthread_self(), &attributes) != 0) {
        return;
    }
    pthread_attr_getstack(&attributes, &lowest, &size);
    pthread_attr_destroy(&attributes);
    // What the start may have used. A main thread's stack is said to begin where its limit would
    // let it; the kernel keeps others away only from what is close.
    constexpr std::uintptr_t looked_at_bytes = 256 * 1024;
    const auto here = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
    const std::uintptr_t to = (here - kept_bytes) / page_bytes * page_bytes;
    const std::uintptr_t from =
        std::max(reinterpret_cast<std::uintptr_t>(lowest), to - looked_at_bytes);
    if (from < to) {
        madvise(reinterpret_cast<void*>(from), to - from, MADV_DONTNEED);
    }
}

ProcessStats process_stats() {
    ProcessStats stats;
    std::array<char, 2048> buffer{};  // the file has about 25 lines of 30 bytes
    const int file = open("/proc/self/smaps_rollup", O_RDONLY | O_CLOEXEC);
    if (file >= 0) {
        const ssize_t size = read(file, buffer.data(), buffer.size());
        close(file);
        const std::string_view text(buffer.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
        stats.rss_bytes = smaps_bytes(text, "Rss");
        stats.pss_bytes = smaps_bytes(text, "Pss");
    }
    const auto heap = mallinfo2();
    stats.heap_bytes = heap.uordblks + heap.hblkhd;
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    stats.user_us = us_of(usage.ru_utime);
    stats.system_us = us_of(usage.ru_stime);
    return stats;
}

}  // namespace flyball
