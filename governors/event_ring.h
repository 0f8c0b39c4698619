#pragma once
// The last `capacity` decisions of a governor, for `history`: 20 bytes a slot, O(1) add, overwrites
// the oldest. Grows by powers of two as it fills and allocates nothing once it has its capacity.
// Owned by its Governor, one thread at a time.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "governors/rules.h"
#include "schemas/reason.h"
#include "schemas/time.h"

namespace flyball {

// A decision as the rings pack it: verdict, reason and observe mode's `would` in 9 bits at most.
struct Outcome {
    Verdict verdict = Verdict::allow;
    Reason reason = Reason::none;
    bool would_deny = false;
    bool operator==(const Outcome&) const = default;
};

struct PastEvent {
    std::uint64_t seq = 0;
    Instant at{};
    TenantIndex tenant = no_tenant;  // no_tenant: it was not enrolled, or was forgotten
    Outcome outcome;
    std::int64_t amount = 0;
    bool operator==(const PastEvent&) const = default;
};

class EventRing {
public:
    explicit EventRing(std::size_t capacity);  // 1 to 1,048,576; any number, slots grow to it

    void add(const PastEvent& event);
    std::size_t size() const;
    std::size_t capacity() const;
    // `age` 0 is the newest; age < size().
    PastEvent at_age(std::size_t age) const;
    // Takes a tenant's name off its events; they stay as numbers.
    void blank(TenantIndex tenant);
    // A smaller ring keeps the newest.
    void set_capacity(std::size_t capacity);
    std::size_t memory_bytes() const;

private:
    // (to be filled in)
};

}  // namespace flyball
