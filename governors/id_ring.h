#pragma once
// The memory that makes requests idempotent: the last `capacity` requests of a governor that
// carried an id, at most 24 bytes a slot beside its index, found in O(1) by a keyed 64-bit hash of
// tenant and id. Overwrites the oldest; with a window it refuses instead of forgetting what is
// younger. Grows by powers of two, allocates nothing once it has its capacity. What few requests
// need (a granted amount other than asked, the tenant of a slot when there is a window) is kept in
// columns that exist only once they are needed. Owned by its Governor, one thread at a time.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "governors/event_ring.h"
#include "schemas/request.h"
#include "schemas/time.h"

namespace flyball {

struct RememberedId {
    std::uint64_t key = 0;          // IdRing::key_of(tenant, id)
    std::uint32_t fingerprint = 0;  // of the content
    std::uint64_t seq = 0;
    Instant at{};
    Outcome outcome;
    std::optional<std::int64_t> granted;
};

class IdRing {
public:
    // `window` of zero: a plain count. `seed` keys the hash.
    IdRing(std::size_t capacity, Span window, std::uint64_t seed);

    std::uint64_t key_of(std::string_view tenant, const Id& id) const;
    std::uint32_t tenant_tag(std::string_view tenant) const;
    std::optional<RememberedId> find(std::uint64_t key) const;

    // Whether add() may be called now for an id that is not remembered: nothing when it may, else
    // how long until the slot that would have to go leaves the window.
    std::optional<Span> must_wait(Instant now) const;
    // `tag`: tenant_tag() of the request's tenant. With a window and a full ring, the tenant with
    // the most ids gives up its oldest; without one the oldest of all goes. A key that is already
    // there is replaced in place (a denial that waiting could cure, decided anew).
    void add(const RememberedId& entry, std::uint32_t tag);

    std::size_t size() const;
    std::size_t capacity() const;
    std::optional<Instant> oldest() const;
    // Whether the tenant has an id here (approximate when tags collide: then true).
    bool remembers(std::uint32_t tag) const;
    void configure(std::size_t capacity, Span window);  // a smaller ring keeps the newest
    std::size_t memory_bytes() const;

private:
    // (to be filled in)
};

}  // namespace flyball
