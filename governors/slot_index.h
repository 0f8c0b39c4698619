#pragma once
// Finds the slot of a hash in O(1): open addressing over bare slot numbers at a load of at most one
// half, two bytes a cell up to 32,768 slots and four above. Keys stay in the owner's slots, who
// says what matches and what a slot's hash is. Deletion shifts back, so there are no tombstones and
// nothing ever has to be rebuilt but at growth. One thread at a time.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace flyball {

class SlotIndex {
public:
    static constexpr std::uint32_t none = std::numeric_limits<std::uint32_t>::max();

    // Empties the index and makes room for slots 0 to `slots` - 1.
    void reset(std::size_t slots) {
        const std::size_t cells = slots == 0 ? 0 : std::bit_ceil(2 * slots);
        const bool small = slots <= 32768;
        std::vector<std::uint16_t> narrow(small ? cells : 0);
        std::vector<std::uint32_t> wide(small ? 0 : cells);
        narrow_ = std::move(narrow);
        wide_ = std::move(wide);
        mask_ = cells == 0 ? 0 : cells - 1;
    }

    // `matches(slot)`: whether the slot holds what is sought.
    template <typename Matches>
    std::uint32_t find(std::uint64_t hash, const Matches& matches) const {
        if (mask_ == 0) {
            return none;
        }
        for (std::size_t at = home(hash); occupied(at); at = (at + 1) & mask_) {
            if (matches(slot(at))) {
                return slot(at);
            }
        }
        return none;
    }

    void insert(std::uint64_t hash, std::uint32_t slot_number) {
        std::size_t at = home(hash);
        while (occupied(at)) {
            at = (at + 1) & mask_;
        }
        put(at, slot_number + 1);
    }

    // `hash_of(slot)`: the hash under which a slot was inserted.
    template <typename HashOf>
    void erase(std::uint32_t slot_number, const HashOf& hash_of) {
        std::size_t gap = home(hash_of(slot_number));
        while (slot(gap) != slot_number) {
            gap = (gap + 1) & mask_;
        }
        for (std::size_t at = (gap + 1) & mask_; occupied(at); at = (at + 1) & mask_) {
            const std::size_t from = home(hash_of(slot(at)));
            if (((at - from) & mask_) >= ((at - gap) & mask_)) {
                put(gap, slot(at) + 1);
                gap = at;
            }
        }
        put(gap, 0);
    }

    std::size_t memory_bytes() const {
        return narrow_.capacity() * sizeof(std::uint16_t) +
               wide_.capacity() * sizeof(std::uint32_t);
    }

private:
    std::size_t home(std::uint64_t hash) const { return static_cast<std::size_t>(hash) & mask_; }
    std::uint32_t cell(std::size_t at) const { return wide_.empty() ? narrow_[at] : wide_[at]; }
    bool occupied(std::size_t at) const { return cell(at) != 0; }
    std::uint32_t slot(std::size_t at) const { return cell(at) - 1; }
    void put(std::size_t at, std::uint32_t value) {
        if (wide_.empty()) {
            narrow_[at] = static_cast<std::uint16_t>(value);
        } else {
            wide_[at] = value;
        }
    }

    std::vector<std::uint16_t> narrow_;  // slot number + 1; 0 is free
    std::vector<std::uint32_t> wide_;    // in use instead of narrow_ above 32,768 slots
    std::size_t mask_ = 0;
};

}  // namespace flyball
