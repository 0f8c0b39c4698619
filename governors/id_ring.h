#pragma once
// The memory that makes requests idempotent: the last `capacity` requests of a governor that
// carried an id, 24 bytes a slot and 2 of its tenant's tag beside the index, found in O(1) by a
// keyed 64-bit hash of tenant and id. Overwrites the oldest; with a window it refuses instead of
// forgetting what is younger. Grows by a quarter, allocates nothing once it has its capacity and,
// with a window, rows for as many tenants as it ever had at once. What few requests need (a granted
// amount, each tenant's share when there is a window) exists only once it is needed. Owned by its
// Governor, one thread at a time.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string_view>
#include <vector>

#include "governors/event_ring.h"
#include "governors/id_shares.h"
#include "governors/slot_index.h"
#include "schemas/request.h"
#include "schemas/time.h"

namespace flyball {

struct RememberedId {
    std::uint64_t key = 0;          // IdRing::key_of(tenant, id)
    std::uint32_t fingerprint = 0;  // of the content
    std::uint64_t seq = 0;          // below 2^47
    Instant at{};
    Outcome outcome;
    std::optional<std::int64_t> granted;  // never negative
    bool operator==(const RememberedId&) const = default;
};

class IdRing {
public:
    // `capacity`: 1 to 1,048,576. `window` of zero: a plain count. `seed` keys the hash.
    IdRing(std::size_t capacity, Span window, std::uint64_t seed);

    std::uint64_t key_of(std::string_view tenant, const Id& id) const;
    // 16 bits: tenants whose tags collide count as one, in remembers() and in shares.
    std::uint32_t tenant_tag(std::string_view tenant) const;
    std::optional<RememberedId> find(std::uint64_t key) const;

    // Whether add() may be called now for an id that is not remembered: nothing when it may, else
    // how long until the slot that would have to go leaves the window.
    std::optional<Span> must_wait(Instant now) const;
    // `tag`: tenant_tag() of the request's tenant. With a window and a full ring, the tenant with
    // the most ids gives up its oldest (among equals the one whose oldest is older); without one
    // the oldest of all goes. A key that is already there is replaced and keeps its place in line
    // (a denial that waiting could cure, decided anew).
    void add(const RememberedId& entry, std::uint32_t tag);
    // Memory for one more, so that the next add() of a key that is not there needs none; of one
    // with a granted amount, after make_room_for_granted() only.
    void make_room();
    void make_room_for_granted() { granted_.resize(slots_.size(), no_granted); }

    std::uint64_t seed() const { return seed_; }  // of the keys: stored with them
    std::size_t size() const;
    std::size_t capacity() const;
    std::optional<Instant> oldest() const;
    // Oldest to newest: add() in this order makes an equal ring. Allocates; not for the hot path.
    void walk(const std::function<void(const RememberedId&, std::uint32_t tag)>& visit) const;
    // Whether the tenant has an id here (approximate when tags collide: then true).
    bool remembers(std::uint32_t tag) const;
    void configure(std::size_t capacity, Span window);  // a smaller ring keeps the newest
    std::size_t memory_bytes() const;

private:
    struct Slot {
        std::uint64_t key;
        std::uint64_t packed;  // seq 15 high bits, at 40 bits (completed from newest_at_), outcome
        std::uint32_t seq_low;
        std::uint32_t fingerprint;
    };
    static_assert(sizeof(Slot) == 24);

    static constexpr std::int64_t no_granted = std::numeric_limits<std::int64_t>::min();

    std::uint32_t slot_of(std::uint64_t key) const;
    std::uint32_t vacate();
    void grow();
    void store(std::uint32_t slot, const RememberedId& entry);
    RememberedId load(std::uint32_t slot) const;
    Instant at_of(std::uint32_t slot) const;
    std::vector<std::uint32_t> in_order() const;

    std::size_t capacity_;
    Span window_;
    std::uint64_t seed_;
    std::size_t size_ = 0;
    std::size_t next_ = 0;  // without a window: the oldest slot once the ring is full
    std::uint64_t newest_at_ = 0;
    std::vector<Slot> slots_;
    std::vector<std::uint16_t> tags_;
    std::vector<std::int64_t> granted_;  // beside slots_, once there was one
    std::optional<IdShares> shares_;     // when there is a window
    SlotIndex index_;
};

}  // namespace flyball
