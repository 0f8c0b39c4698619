#pragma once
// Memory in pieces of one size, for what lives as long as a governor. From the heap they would lie
// between what a message takes for a moment, a few to a page, and no page of a burst could go back
// to the system. Blocks are never given back: what is free is used again. Any thread.

#include <cstddef>
#include <mutex>

namespace flyball {

class PiecePool {
public:
    static constexpr std::size_t piece_bytes = 512;

    // The process's.
    static PiecePool& shared();

    // Aligned for anything; std::bad_alloc when there is none.
    void* take();
    void give(void* piece) noexcept;

private:
    struct Free {
        Free* next;
    };

    std::mutex mutex_;
    Free* free_ = nullptr;
    std::byte* block_ = nullptr;  // the newest, what is left of it
    std::byte* block_end_ = nullptr;
};

}  // namespace flyball
