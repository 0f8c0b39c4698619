#include "governors/piece_pool.h"

#include <new>

namespace flyball {

namespace {

// Large enough that the allocator maps it by itself: pages of it are memory once they are used.
constexpr std::size_t block_bytes = 256 * 1024;

}  // namespace

// Never destroyed: governors that a process still has at its end give their pieces back.
PiecePool& PiecePool::shared() {
    static auto* const pool = new PiecePool;
    return *pool;
}

void* PiecePool::take() {
    const std::lock_guard lock(mutex_);
    if (free_ != nullptr) {
        void* const piece = free_;
        free_ = free_->next;
        return piece;
    }
    if (block_ == block_end_) {
        block_ = static_cast<std::byte*>(::operator new(block_bytes));
        block_end_ = block_ + block_bytes;
    }
    void* const piece = block_;
    block_ += piece_bytes;
    return piece;
}

void PiecePool::give(void* piece) noexcept {
    const std::lock_guard lock(mutex_);
    free_ = ::new (piece) Free{free_};
}

}  // namespace flyball
