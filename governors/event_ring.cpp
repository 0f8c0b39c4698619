#include "governors/event_ring.h"

#include <algorithm>

#include "governors/packing.h"
#include "schemas/expects.h"

namespace flyball {

namespace {

constexpr std::size_t first_slots = 8;
constexpr unsigned seq_bits = 40;
constexpr unsigned at_bits = 42;
constexpr unsigned tenant_bits = 22;
constexpr unsigned amount_bits = 47;
constexpr std::uint64_t blank_tenant = (std::uint64_t{1} << tenant_bits) - 1;
// The one 47-bit amount that stands for "see the wide column".
constexpr std::int64_t amount_is_wide = -(std::int64_t{1} << (amount_bits - 1));

constexpr bool needs_wide(std::int64_t amount) {
    return amount <= amount_is_wide || amount >= -amount_is_wide;
}

constexpr std::int64_t sign_extended(std::uint64_t bits) {
    constexpr unsigned unused = 64 - amount_bits;
    return static_cast<std::int64_t>(bits << unused) >> unused;
}

}  // namespace

EventRing::EventRing(std::size_t capacity) : capacity_(capacity) {
    expects(capacity >= 1 && capacity <= 1'048'576, "a ring has 1 to 1,048,576 slots");
}

void EventRing::add(const PastEvent& event) {
    make_room();
    newest_seq_ = event.seq;
    newest_at_ = static_cast<std::uint64_t>(to_ms(event.at));
    store(next_, event);
    size_ = std::min(size_ + 1, capacity_);
    next_ = next_ + 1 == capacity_ ? 0 : next_ + 1;
}

void EventRing::make_room() {
    if (next_ == slots_.size() && size_ < capacity_) {
        grow();
    }
}

std::size_t EventRing::size() const {
    return size_;
}

std::size_t EventRing::capacity() const {
    return capacity_;
}

PastEvent EventRing::at_age(std::size_t age) const {
    expects(age < size_, "an age below the ring's size");
    const std::size_t back = age + 1;
    return load(next_ >= back ? next_ - back : next_ + capacity_ - back);
}

void EventRing::blank(TenantIndex tenant) {
    for (std::size_t place = 0; place < size_; ++place) {
        PastEvent event = load(place);
        if (event.tenant == tenant) {
            event.tenant = no_tenant;
            store(place, event);
        }
    }
}

void EventRing::set_capacity(std::size_t capacity) {
    EventRing ring(capacity);
    for (std::size_t age = std::min(size_, capacity); age > 0; --age) {
        ring.add(at_age(age - 1));
    }
    *this = std::move(ring);
}

std::size_t EventRing::memory_bytes() const {
    return sizeof(*this) + slots_.capacity() * sizeof(Slot) +
           wide_amounts_.capacity() * sizeof(std::int64_t);
}

void EventRing::grow() {
    const std::size_t slots =
        std::min(slots_.size() + std::max(first_slots, slots_.size() / 4), capacity_);
    slots_.reserve(slots);
    slots_.resize(slots);
    if (!wide_amounts_.empty()) {
        wide_amounts_.reserve(slots);
        wide_amounts_.resize(slots);
    }
}

void EventRing::store(std::size_t place, const PastEvent& event) {
    std::int64_t amount = event.amount;
    if (needs_wide(amount)) {
        wide_amounts_.resize(slots_.size());
        wide_amounts_[place] = amount;
        amount = amount_is_wide;
    }
    const std::uint64_t tenant = event.tenant == no_tenant ? blank_tenant : event.tenant;
    const std::uint64_t bits = low_bits(static_cast<std::uint64_t>(amount), amount_bits);
    const std::uint64_t first =
        low_bits(event.seq, seq_bits) | tenant << seq_bits | (bits & 3) << (seq_bits + tenant_bits);
    const std::uint64_t second = low_bits(static_cast<std::uint64_t>(to_ms(event.at)), at_bits) |
                                 static_cast<std::uint64_t>(pack_outcome(event.outcome))
                                     << at_bits |
                                 (bits >> 2 & 0x1FFF) << (at_bits + outcome_bits);
    slots_[place].words = {
        static_cast<std::uint32_t>(first), static_cast<std::uint32_t>(first >> 32),
        static_cast<std::uint32_t>(second), static_cast<std::uint32_t>(second >> 32),
        static_cast<std::uint32_t>(bits >> 15)};
}

PastEvent EventRing::load(std::size_t place) const {
    const auto& words = slots_[place].words;
    const std::uint64_t first = words[0] | std::uint64_t{words[1]} << 32;
    const std::uint64_t second = words[2] | std::uint64_t{words[3]} << 32;
    const std::uint64_t tenant = low_bits(first >> seq_bits, tenant_bits);
    const std::uint64_t bits = first >> (seq_bits + tenant_bits) |
                               second >> (at_bits + outcome_bits) << 2 |
                               std::uint64_t{words[4]} << 15;
    PastEvent event;
    event.seq = from_low_bits(low_bits(first, seq_bits), seq_bits, newest_seq_);
    event.at = instant_from_ms(
        static_cast<std::int64_t>(from_low_bits(low_bits(second, at_bits), at_bits, newest_at_)));
    event.tenant = tenant == blank_tenant ? no_tenant : static_cast<TenantIndex>(tenant);
    event.outcome = unpack_outcome(second >> at_bits);
    event.amount = sign_extended(bits);
    if (event.amount == amount_is_wide) {
        event.amount = wide_amounts_[place];
    }
    return event;
}

}  // namespace flyball
