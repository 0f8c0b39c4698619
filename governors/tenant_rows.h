#pragma once
// What is kept of each tenant, by its index, in pieces of 512 bytes. A vector that doubles leaves
// up to half its rows empty, and a hole in the heap of every size it had before. Nothing is
// allocated until a row is written. One thread at a time.

#include <algorithm>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "governors/piece_pool.h"
#include "governors/rules.h"
#include "schemas/expects.h"

namespace flyball {

template <typename Row>
class TenantRows {
public:
    bool has(TenantIndex tenant) const { return tenant < size_; }
    // As constructed where it was never written.
    const Row& of(TenantIndex tenant) const { return has(tenant) ? (*this)[tenant] : none_; }
    // To be written; rows up to it are made.
    Row& at(TenantIndex tenant) {
        if (!has(tenant)) [[unlikely]] {
            grow(tenant);
        }
        return (*this)[tenant];
    }
    void clear(TenantIndex tenant) {
        if (has(tenant)) {
            Row none;
            std::swap((*this)[tenant], none);  // a string that is assigned "" keeps its memory
        }
    }

    // One more than the highest that was ever written.
    std::size_t size() const { return size_; }
    Row& operator[](std::size_t row) { return pieces_[row / piece_rows].get()[row % piece_rows]; }
    const Row& operator[](std::size_t row) const {
        return pieces_[row / piece_rows].get()[row % piece_rows];
    }
    // Without what rows allocate themselves.
    std::size_t memory_bytes() const {
        return pieces_.size() * PiecePool::piece_bytes + pieces_.capacity() * sizeof(pieces_[0]);
    }

private:
    static constexpr std::size_t piece_rows = PiecePool::piece_bytes / sizeof(Row);
    static_assert(piece_rows > 0);

    struct GiveBack {
        void operator()(Row* piece) const noexcept {
            std::destroy_n(piece, piece_rows);
            PiecePool::shared().give(piece);
        }
    };

    using Piece = std::unique_ptr<Row, GiveBack>;

    void grow(TenantIndex tenant) {
        expects(tenant < tenants_max, "an enrolled tenant");
        while (pieces_.size() * piece_rows <= tenant) {
            add_piece();
        }
        size_ = std::size_t{tenant} + 1;
    }
    void add_piece() {
        auto* const rows = static_cast<Row*>(PiecePool::shared().take());
        std::uninitialized_value_construct_n(rows, piece_rows);
        Piece piece(rows);
        pieces_.push_back(std::move(piece));
    }

    // Made before main(): inside a function it would be asked for its guard at each look.
    static inline const Row none_{};

    std::vector<Piece> pieces_;
    std::size_t size_ = 0;
};

}  // namespace flyball
