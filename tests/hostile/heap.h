#pragma once
// The heap of a test program, watched and made to fail: operator new in place of the library's.
// What malloc() gives to C code is not counted. Counts are of all threads; a failure strikes the
// thread that asked for it. Links into a test program once.

#include <cstddef>
#include <cstdint>

namespace flyball::testing {

// Bytes allocated and not freed, and the most there were since the last call of forget_peak().
std::size_t heap_bytes();
std::size_t heap_peak();
void forget_peak();

// The k-th allocation of this thread from now on (1: the next) throws std::bad_alloc, and with
// `from_then_on` all that follow.
void fail_allocation(std::uint64_t k, bool from_then_on = false);
// How many this thread has asked for so far.
std::uint64_t allocations();
// Whether one has failed since; none does any more.
bool stop_failing();

}  // namespace flyball::testing
