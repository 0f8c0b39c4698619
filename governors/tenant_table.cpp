#include "governors/tenant_table.h"

#include <algorithm>
#include <bit>

#include "governors/keyed_hash.h"
#include "schemas/expects.h"
#include "schemas/short_text.h"

namespace flyball {

namespace {

constexpr std::size_t first_rows = 8;
constexpr std::size_t word_bits = 64;

bool bit(const std::vector<std::uint64_t>& bits, std::size_t at) {
    return (bits[at / word_bits] >> (at % word_bits) & 1) != 0;
}

void set_bit(std::vector<std::uint64_t>& bits, std::size_t at, bool to) {
    const std::uint64_t mask = std::uint64_t{1} << (at % word_bits);
    bits[at / word_bits] = to ? bits[at / word_bits] | mask : bits[at / word_bits] & ~mask;
}

}  // namespace

TenantTable::TenantTable(std::uint64_t seed) : seed_(seed) {}

TenantIndex TenantTable::find(std::string_view name) const {
    // SlotIndex::none is no_tenant: both are the highest 32-bit number.
    static_assert(SlotIndex::none == no_tenant);
    return index_.find(keyed_hash(name, seed_),
                       [&](std::uint32_t slot) { return same_text(names_[slot].view(), name); });
}

TenantIndex TenantTable::add(std::string_view name, bool auto_enrolled) {
    expects(size_ < tenants_max, "a table has room for 4,194,302 tenants");
    const TenantIndex tenant = lowest_free();
    first_free_word_ = tenant / word_bits;
    restore(tenant, name, auto_enrolled);
    return tenant;
}

void TenantTable::restore(TenantIndex tenant, std::string_view name, bool auto_enrolled) {
    expects(tenant < tenants_max && !in_use(tenant), "a place that is free");
    if (tenant >= rows_) {
        grow(std::max({first_rows, 2 * rows_, std::bit_ceil(std::size_t{tenant} + 1)}));
    }
    names_.at(tenant) = SmallText(name);
    end_ = std::max<std::size_t>(end_, std::size_t{tenant} + 1);
    set_bit(used_, tenant, true);
    set_bit(auto_enrolled_, tenant, auto_enrolled);
    index_.insert(hash_of(tenant), tenant);
    ++size_;
}

void TenantTable::remove(TenantIndex tenant) {
    expects(in_use(tenant), "only an enrolled tenant is removed");
    index_.erase(tenant, [this](std::uint32_t slot) { return hash_of(slot); });
    names_.clear(tenant);
    set_bit(used_, tenant, false);
    first_free_word_ = std::min(first_free_word_, tenant / word_bits);
    --size_;
    while (end_ > 0 && !bit(used_, end_ - 1)) {
        --end_;
    }
}

std::string_view TenantTable::name(TenantIndex tenant) const {
    expects(in_use(tenant), "an enrolled tenant has a name");
    return names_[tenant].view();
}

bool TenantTable::auto_enrolled(TenantIndex tenant) const {
    expects(in_use(tenant), "an enrolled tenant");
    return bit(auto_enrolled_, tenant);
}

std::size_t TenantTable::size() const {
    return size_;
}

TenantIndex TenantTable::end() const {
    return static_cast<TenantIndex>(end_);
}

bool TenantTable::in_use(TenantIndex tenant) const {
    return tenant < end_ && bit(used_, tenant);
}

std::size_t TenantTable::memory_bytes() const {
    std::size_t bytes = sizeof(*this) + names_.memory_bytes() +
                        (used_.capacity() + auto_enrolled_.capacity()) * sizeof(std::uint64_t) +
                        index_.memory_bytes();
    for (std::size_t row = 0; row < names_.size(); ++row) {
        bytes += names_[row].memory_bytes();
    }
    return bytes;
}

std::uint64_t TenantTable::hash_of(TenantIndex tenant) const {
    return keyed_hash(names_[tenant].view(), seed_);
}

TenantIndex TenantTable::lowest_free() const {
    std::size_t word = first_free_word_;
    while (word < used_.size() && used_[word] == ~std::uint64_t{0}) {
        ++word;
    }
    const auto in_word = word < used_.size() ? std::countr_one(used_[word]) : 0;
    return static_cast<TenantIndex>(word * word_bits + static_cast<std::size_t>(in_word));
}

void TenantTable::grow(std::size_t rows) {
    // All memory first: grown whole or not at all.
    const std::size_t words = (rows + word_bits - 1) / word_bits;
    used_.reserve(words);
    auto_enrolled_.reserve(words);
    index_.reset(rows);
    for (std::size_t at = 0; at < end_; ++at) {
        if (bit(used_, at)) {
            index_.insert(hash_of(static_cast<TenantIndex>(at)), static_cast<std::uint32_t>(at));
        }
    }
    rows_ = rows;
    used_.resize(words);
    auto_enrolled_.resize(words);
}

}  // namespace flyball
