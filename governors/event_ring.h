#pragma once
// The last `capacity` decisions of a governor, for `history`: 20 bytes a slot, O(1) add, overwrites
// the oldest. Grows by a quarter as it fills and allocates nothing once it has its capacity.
// Owned by its Governor, one thread at a time.

#include <array>
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
    void make_room();  // memory for one more: the next add() of a usual amount needs none
    std::size_t size() const;
    std::size_t capacity() const;
    // `age` 0 is the newest; age < size(). Oldest to newest: from size() - 1 down to 0.
    PastEvent at_age(std::size_t age) const;
    // Takes a tenant's name off its events; they stay as numbers.
    void blank(TenantIndex tenant);
    // A smaller ring keeps the newest.
    void set_capacity(std::size_t capacity);
    std::size_t memory_bytes() const;

private:
    // seq 40 bits, tenant 22, at 42, outcome 9, amount 47: 160 bits. `seq` and `at` are completed
    // from the newest event's.
    struct Slot {
        std::array<std::uint32_t, 5> words;
    };
    static_assert(sizeof(Slot) == 20);

    void grow();
    void store(std::size_t place, const PastEvent& event);
    PastEvent load(std::size_t place) const;

    std::size_t capacity_;
    std::size_t size_ = 0;
    std::size_t next_ = 0;  // where the next event goes; equals size_ until the ring is full
    std::uint64_t newest_seq_ = 0;
    std::uint64_t newest_at_ = 0;
    std::vector<Slot> slots_;
    std::vector<std::int64_t> wide_amounts_;  // beside slots_, once an amount needed more than 47
};

}  // namespace flyball
