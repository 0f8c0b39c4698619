// Apart from its users: where GCC sees new and delete inlined it takes malloc and free for a
// mismatched pair.

#include "tests/unit/governors/allocation_count.h"

#include <atomic>
#include <cstdlib>
#include <new>

namespace {
std::atomic<std::uint64_t> allocations{0};
}

void* operator new(std::size_t bytes) {
    ++allocations;
    if (void* memory = std::malloc(bytes)) {
        return memory;
    }
    throw std::bad_alloc();
}
void operator delete(void* memory) noexcept {
    std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
    std::free(memory);
}

namespace flyball {

std::uint64_t allocations_so_far() {
    return allocations;
}

}  // namespace flyball
