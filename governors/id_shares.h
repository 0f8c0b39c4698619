#pragma once
// Who holds how many slots of an id ring that has a window: which tenant has the most, and its
// oldest slot, in O(log tenants). Tenants are known by their tags alone. Grows with its ring,
// and with the number of tenants in it. Owned by its IdRing, one thread at a time.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "governors/slot_index.h"

namespace flyball {

class IdShares {
public:
    // Room for slots 0 to `slots` - 1; never shrinks.
    void grow(std::size_t slots);

    // Memory for one tenant more, so that the next append() needs none.
    void make_room();
    // The slot is the newest, and the tenant's.
    void append(std::uint32_t slot, std::uint16_t tag);
    // The oldest slot of the tenant with the most; among equals, of the one whose oldest is
    // oldest. There must be one.
    std::uint32_t first_to_go() const;
    void drop_first_to_go();

    bool holds(std::uint16_t tag) const;
    // Rises with every append: the order of age.
    std::uint64_t stamp(std::uint32_t slot) const { return lines_[slot].stamp; }
    std::size_t memory_bytes() const;

private:
    struct Line {  // a slot's place in its tenant's queue
        std::uint64_t stamp = 0;
        std::uint32_t next = SlotIndex::none;
    };
    struct Row {  // one tenant
        std::uint32_t oldest = SlotIndex::none;
        std::uint32_t newest = SlotIndex::none;
        std::uint32_t count = 0;
        std::uint32_t place = 0;  // in heap_
        std::uint16_t tag = 0;
    };

    std::uint32_t row_of(std::uint16_t tag) const;
    std::uint32_t new_row(std::uint16_t tag);
    void remove_row(std::uint32_t row);
    bool goes_before(std::uint32_t left, std::uint32_t right) const;
    void place_row(std::size_t place, std::uint32_t row);
    void rise(std::size_t place);
    void sink(std::size_t place);

    std::uint64_t stamps_ = 0;
    std::vector<Line> lines_;          // by slot
    std::vector<Row> rows_;            // as many as there are tenants
    std::vector<std::uint32_t> heap_;  // rows; the one to give up a slot first
    SlotIndex index_;                  // tag to row
};

}  // namespace flyball
