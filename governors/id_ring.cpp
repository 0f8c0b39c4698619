#include "governors/id_ring.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <numeric>

#include "governors/keyed_hash.h"
#include "governors/packing.h"
#include "schemas/byte_buffer.h"
#include "schemas/byte_order.h"
#include "schemas/expects.h"

namespace flyball {

namespace {

constexpr std::size_t first_slots = 8;
constexpr unsigned at_bits = 40;
constexpr unsigned seq_high_bits = 15;
static_assert(seq_high_bits + at_bits + outcome_bits == 64);

}  // namespace

IdRing::IdRing(std::size_t capacity, Span window, std::uint64_t seed)
    : capacity_(capacity), window_(window), seed_(seed) {
    expects(capacity >= 1 && capacity <= 1'048'576, "a ring has 1 to 1,048,576 slots");
    if (window > Span{0}) {
        shares_.emplace();
    }
}

std::uint64_t IdRing::key_of(std::string_view tenant, const Id& id) const {
    expects(tenant.size() <= tenant_bytes_max && id.text.size() <= id_bytes_max,
            "tenant and id were checked");
    std::array<char, 2 + tenant_bytes_max + id_bytes_max> bytes;
    char* to = bytes.data();
    *to++ = static_cast<char>(tenant.size());  // so that ("a", "bc") and ("ab", "c") differ
    copy_short(to, tenant.data(), tenant.size());
    to += tenant.size();
    *to++ = static_cast<char>(id.form);
    if (id.form == Id::Form::number) {
        store_little_endian(to, id.number);
        to += sizeof(id.number);
    } else {
        copy_short(to, id.text.data(), id.text.size());
        to += id.text.size();
    }
    return keyed_hash({bytes.data(), static_cast<std::size_t>(to - bytes.data())}, seed_);
}

std::uint32_t IdRing::tenant_tag(std::string_view tenant) const {
    return static_cast<std::uint32_t>(low_bits(keyed_hash(tenant, seed_), 16));
}

std::optional<RememberedId> IdRing::find(std::uint64_t key) const {
    const std::uint32_t slot = slot_of(key);
    return slot == SlotIndex::none ? std::nullopt : std::optional(load(slot));
}

std::optional<Span> IdRing::must_wait(Instant now) const {
    if (!shares_ || size_ < capacity_) {
        return std::nullopt;
    }
    const Span age = std::max(now - at_of(shares_->first_to_go()), Span{0});
    return age < window_ ? std::optional(window_ - age) : std::nullopt;
}

void IdRing::add(const RememberedId& entry, std::uint32_t tag) {
    newest_at_ = static_cast<std::uint64_t>(to_ms(entry.at));
    std::uint32_t slot = slot_of(entry.key);
    if (slot == SlotIndex::none) {
        slot = vacate();
        slots_[slot].key = entry.key;
        tags_[slot] = static_cast<std::uint16_t>(tag);
        index_.insert(entry.key, slot);
        if (shares_) {
            shares_->append(slot, tags_[slot]);
        }
    }
    store(slot, entry);
}

std::size_t IdRing::size() const {
    return size_;
}

std::size_t IdRing::capacity() const {
    return capacity_;
}

std::optional<Instant> IdRing::oldest() const {
    if (size_ == 0) {
        return std::nullopt;
    }
    if (!shares_) {
        return at_of(size_ < capacity_ ? 0 : static_cast<std::uint32_t>(next_));
    }
    std::uint32_t first = 0;
    for (std::uint32_t slot = 1; slot < size_; ++slot) {
        first = shares_->stamp(slot) < shares_->stamp(first) ? slot : first;
    }
    return at_of(first);
}

void IdRing::walk(const std::function<void(const RememberedId&, std::uint32_t tag)>& visit) const {
    for (const std::uint32_t slot : in_order()) {
        visit(load(slot), tags_[slot]);
    }
}

bool IdRing::remembers(std::uint32_t tag) const {
    const auto wanted = static_cast<std::uint16_t>(tag);
    if (shares_) {
        return shares_->holds(wanted);
    }
    const auto end = tags_.begin() + static_cast<std::ptrdiff_t>(size_);
    return std::find(tags_.begin(), end, wanted) != end;
}

void IdRing::configure(std::size_t capacity, Span window) {
    IdRing ring(capacity, window, seed_);
    std::size_t surplus = size_ - std::min(size_, capacity);
    for (const std::uint32_t slot : in_order()) {
        if (surplus > 0) {
            --surplus;
        } else {
            ring.add(load(slot), tags_[slot]);
        }
    }
    *this = std::move(ring);
}

std::size_t IdRing::memory_bytes() const {
    return sizeof(*this) + slots_.capacity() * sizeof(Slot) +
           tags_.capacity() * sizeof(std::uint16_t) + granted_.capacity() * sizeof(std::int64_t) +
           (shares_ ? shares_->memory_bytes() : 0) + index_.memory_bytes();
}

std::uint32_t IdRing::slot_of(std::uint64_t key) const {
    return index_.find(key, [&](std::uint32_t slot) { return slots_[slot].key == key; });
}

// A slot for a new key: an unused one, or the one whose turn it is to be forgotten.
std::uint32_t IdRing::vacate() {
    if (size_ < capacity_) {
        make_room();
        return static_cast<std::uint32_t>(size_++);
    }
    auto slot = static_cast<std::uint32_t>(next_);
    if (shares_) {
        slot = shares_->first_to_go();
        shares_->drop_first_to_go();
    } else {
        next_ = next_ + 1 == capacity_ ? 0 : next_ + 1;
    }
    index_.erase(slot, [this](std::uint32_t at) { return slots_[at].key; });
    return slot;
}

void IdRing::make_room() {
    if (size_ < capacity_ && size_ == slots_.size()) {
        grow();
    }
    if (shares_) {
        shares_->make_room();
    }
}

void IdRing::grow() {
    const std::size_t slots =
        std::min(slots_.size() + std::max(first_slots, slots_.size() / 4), capacity_);
    // All memory first: grown whole or not at all.
    slots_.reserve(slots);
    tags_.reserve(slots);
    if (!granted_.empty()) {
        granted_.reserve(slots);
    }
    if (shares_) {
        shares_->grow(slots);
    }
    index_.reset(slots);
    slots_.resize(slots);
    tags_.resize(slots);
    if (!granted_.empty()) {
        granted_.resize(slots, no_granted);
    }
    for (std::uint32_t slot = 0; slot < size_; ++slot) {
        index_.insert(slots_[slot].key, slot);
    }
}

void IdRing::store(std::uint32_t slot, const RememberedId& entry) {
    expects(entry.seq >> (32 + seq_high_bits) == 0, "a sequence number below 2^47");
    Slot& to = slots_[slot];
    to.fingerprint = entry.fingerprint;
    to.seq_low = static_cast<std::uint32_t>(entry.seq);
    to.packed = entry.seq >> 32 |
                low_bits(static_cast<std::uint64_t>(to_ms(entry.at)), at_bits) << seq_high_bits |
                std::uint64_t{pack_outcome(entry.outcome)} << (seq_high_bits + at_bits);
    if (entry.granted || !granted_.empty()) {
        make_room_for_granted();
        granted_[slot] = entry.granted.value_or(no_granted);
    }
}

RememberedId IdRing::load(std::uint32_t slot) const {
    const Slot& from = slots_[slot];
    RememberedId entry;
    entry.key = from.key;
    entry.fingerprint = from.fingerprint;
    entry.seq = low_bits(from.packed, seq_high_bits) << 32 | from.seq_low;
    entry.at = at_of(slot);
    entry.outcome = unpack_outcome(from.packed >> (seq_high_bits + at_bits));
    if (!granted_.empty() && granted_[slot] != no_granted) {
        entry.granted = granted_[slot];
    }
    return entry;
}

Instant IdRing::at_of(std::uint32_t slot) const {
    const std::uint64_t low = low_bits(slots_[slot].packed >> seq_high_bits, at_bits);
    return instant_from_ms(static_cast<std::int64_t>(from_low_bits(low, at_bits, newest_at_)));
}

std::vector<std::uint32_t> IdRing::in_order() const {
    std::vector<std::uint32_t> slots(size_);
    std::iota(slots.begin(), slots.end(), 0U);
    if (shares_) {
        std::sort(slots.begin(), slots.end(), [this](std::uint32_t left, std::uint32_t right) {
            return shares_->stamp(left) < shares_->stamp(right);
        });
    } else {
        std::rotate(slots.begin(), slots.begin() + static_cast<std::ptrdiff_t>(next_), slots.end());
    }
    return slots;
}

}  // namespace flyball
