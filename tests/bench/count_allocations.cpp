#include "tests/bench/count_allocations.h"

#include <atomic>
#include <cstddef>

namespace {

std::atomic<std::uint64_t> allocations{0};

void count() {
    allocations.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace

// glibc's own, under the names that it keeps for whoever replaces the others.
extern "C" {
void* __libc_malloc(std::size_t bytes);
void* __libc_calloc(std::size_t count, std::size_t bytes);
void* __libc_realloc(void* place, std::size_t bytes);

void* malloc(std::size_t bytes) {
    count();
    return __libc_malloc(bytes);
}
void* calloc(std::size_t elements, std::size_t bytes) {
    count();
    return __libc_calloc(elements, bytes);
}
void* realloc(void* place, std::size_t bytes) {
    count();
    return __libc_realloc(place, bytes);
}
}

namespace flyball {

std::uint64_t allocations_so_far() {
    return allocations.load(std::memory_order_relaxed);
}

}  // namespace flyball
