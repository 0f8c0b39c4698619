#pragma once
// Which tenant of a governor is due next: a binary heap that knows where each tenant is, O(log n)
// to set, O(1) to ask. Only tenants that are due at some time take a place in it. Owned by its
// Governor, one thread at a time; bounded by the governor's tenants.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "governors/rules.h"

namespace flyball {

class DueQueue {
public:
    // Nothing: the tenant is not due any more.
    void set(TenantIndex tenant, std::optional<Instant> due) {
        if (due || holds(tenant)) {  // of most types none ever is
            move(tenant, due);
        }
    }
    bool empty() const { return heap_.empty(); }
    Instant first() const { return heap_.front().due; }  // not when empty
    TenantIndex first_tenant() const { return heap_.front().tenant; }
    bool holds(TenantIndex tenant) const {
        return tenant < places_.size() && places_[tenant] != nowhere;
    }
    // Only of a tenant that it holds.
    Instant due(TenantIndex tenant) const { return heap_[places_[tenant]].due; }
    std::size_t memory_bytes() const;

private:
    struct Line {
        Instant due;
        TenantIndex tenant;
    };
    static constexpr std::uint32_t nowhere = no_tenant;

    // In order of time; among equals of tenant, so that the order is the same everywhere.
    static bool before(const Line& a, const Line& b) {
        return a.due != b.due ? a.due < b.due : a.tenant < b.tenant;
    }
    void move(TenantIndex tenant, std::optional<Instant> due);
    void put(std::size_t place, const Line& line);
    void rise(std::size_t place, const Line& line);
    void sink(std::size_t place, const Line& line);
    void remove(std::size_t place);

    std::vector<Line> heap_;
    std::vector<std::uint32_t> places_;  // by tenant
};

}  // namespace flyball
