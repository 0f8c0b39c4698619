#pragma once
// The tenants of one governor: names interned to small indices, bounded. Owned by its Governor, one
// thread at a time. Looking up allocates nothing; enrolling allocates for the name. A removed
// tenant's index is reused, the lowest first.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "governors/rules.h"

namespace flyball {

// 22 bits in the event ring's slot.
inline constexpr std::uint32_t tenants_max = (1U << 22) - 2;

class TenantTable {
public:
    // `seed` keys the hash, so that nobody can choose names that collide.
    explicit TenantTable(std::uint64_t seed);

    TenantIndex find(std::string_view name) const;  // no_tenant when it is not enrolled
    // The name must not be enrolled. The caller has checked its own maximum.
    TenantIndex add(std::string_view name, bool auto_enrolled);
    void remove(TenantIndex tenant);

    std::string_view name(TenantIndex tenant) const;
    bool auto_enrolled(TenantIndex tenant) const;
    std::size_t size() const;
    // One past the highest index ever used since the last shrink; for walking.
    TenantIndex end() const;
    bool in_use(TenantIndex tenant) const;
    std::size_t memory_bytes() const;

private:
    // (to be filled in)
};

}  // namespace flyball
