#pragma once
// The tenants of one governor: names interned to small indices, bounded. Owned by its Governor, one
// thread at a time. Looking up allocates nothing; enrolling allocates for the name. A removed
// tenant's index is reused, the lowest first.

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "governors/rules.h"
#include "governors/slot_index.h"
#include "governors/small_text.h"
#include "governors/tenant_rows.h"

namespace flyball {

class TenantTable {
public:
    // `seed` keys the hash, so that nobody can choose names that collide.
    explicit TenantTable(std::uint64_t seed);

    TenantIndex find(std::string_view name) const;  // no_tenant when it is not enrolled
    // The name must not be enrolled. The caller has checked its own maximum.
    TenantIndex add(std::string_view name, bool auto_enrolled);
    // The same at a place that was its own in an earlier run.
    void restore(TenantIndex tenant, std::string_view name, bool auto_enrolled);
    void remove(TenantIndex tenant);

    std::string_view name(TenantIndex tenant) const;
    bool auto_enrolled(TenantIndex tenant) const;
    std::size_t size() const;
    // One past the highest index ever used since the last shrink; for walking.
    TenantIndex end() const;
    bool in_use(TenantIndex tenant) const;
    std::size_t memory_bytes() const;

private:
    using Bits = std::vector<std::uint64_t>;

    std::uint64_t hash_of(TenantIndex tenant) const;
    TenantIndex lowest_free() const;
    void grow(std::size_t rows);

    std::uint64_t seed_;
    std::size_t size_ = 0;
    std::size_t end_ = 0;
    std::size_t first_free_word_ = 0;  // no word of used_ before it has a free bit
    std::size_t rows_ = 0;             // what index_ was sized for
    TenantRows<SmallText> names_;
    Bits used_;
    Bits auto_enrolled_;
    SlotIndex index_;
};

}  // namespace flyball
