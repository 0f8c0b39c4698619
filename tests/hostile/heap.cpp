// Apart from its users: where GCC sees new and delete inlined it takes malloc and free for a
// mismatched pair.

#include "tests/hostile/heap.h"

#include <malloc.h>

#include <atomic>
#include <cstdlib>
#include <new>

namespace {

std::atomic<std::size_t> live{0};
std::atomic<std::size_t> peak{0};

struct Failing {
    std::uint64_t left = 0;  // 0: nothing is to fail
    bool from_then_on = false;
    bool struck = false;
};
thread_local Failing failing;
thread_local std::uint64_t asked_for = 0;

bool strikes() {
    ++asked_for;
    if (failing.left == 0 || --failing.left > 0) {
        return false;
    }
    failing.struck = true;
    failing.left = failing.from_then_on ? 1 : 0;
    return true;
}

void count(void* memory) {
    const std::size_t now =
        live.fetch_add(::malloc_usable_size(memory)) + ::malloc_usable_size(memory);
    std::size_t before = peak.load();
    while (now > before && !peak.compare_exchange_weak(before, now)) {
    }
}

void release(void* memory) {
    live.fetch_sub(::malloc_usable_size(memory));
    std::free(memory);
}

}  // namespace

void* operator new(std::size_t bytes) {
    void* const memory = strikes() ? nullptr : std::malloc(bytes);
    if (memory == nullptr) {
        throw std::bad_alloc();
    }
    count(memory);
    return memory;
}
void* operator new[](std::size_t bytes) {
    return operator new(bytes);
}
void operator delete[](void* memory) noexcept {
    operator delete(memory);
}
void operator delete[](void* memory, std::size_t) noexcept {
    operator delete(memory);
}
void operator delete(void* memory) noexcept {
    release(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
    release(memory);
}

namespace flyball::testing {

std::size_t heap_bytes() {
    return live.load();
}

std::size_t heap_peak() {
    return peak.load();
}

void forget_peak() {
    peak.store(live.load());
}

void fail_allocation(std::uint64_t k, bool from_then_on) {
    failing = {.left = k, .from_then_on = from_then_on};
}

std::uint64_t allocations() {
    return asked_for;
}

bool stop_failing() {
    const bool struck = failing.struck;
    failing = {};
    return struck;
}

}  // namespace flyball::testing
