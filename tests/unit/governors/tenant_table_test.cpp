#include "governors/tenant_table.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <iostream>
#include <map>
#include <set>

namespace flyball {
namespace {

TEST(TenantTable, NumbersTenantsFromZero) {
    TenantTable table(1);
    EXPECT_EQ(table.find("a"), no_tenant);
    EXPECT_EQ(table.add("a", true), 0U);
    EXPECT_EQ(table.add("b", false), 1U);
    EXPECT_EQ(table.find("b"), 1U);
    EXPECT_EQ(table.name(0), "a");
    EXPECT_TRUE(table.auto_enrolled(0));
    EXPECT_FALSE(table.auto_enrolled(1));
}

TEST(TenantTable, ReusesTheLowestIndexFirst) {
    TenantTable table(1);
    for (const char* name : {"a", "b", "c", "d"}) {
        table.add(name, true);
    }
    table.remove(2);
    table.remove(0);
    EXPECT_EQ(table.add("e", false), 0U);
    EXPECT_FALSE(table.auto_enrolled(0));
    EXPECT_EQ(table.add("f", true), 2U);
    EXPECT_EQ(table.add("g", true), 4U);
}

TEST(TenantTable, EndsAfterTheHighestInUse) {
    TenantTable table(1);
    for (const char* name : {"a", "b", "c"}) {
        table.add(name, true);
    }
    table.remove(1);
    EXPECT_EQ(table.end(), 3U);
    table.remove(2);
    EXPECT_EQ(table.end(), 1U);
    EXPECT_FALSE(table.in_use(1));
}

TEST(TenantTable, GivesBackTheMemoryOfNamesThatLeave) {
    TenantTable table(1);
    constexpr std::size_t names = 200;
    const std::string long_part(60, 'x');
    for (std::size_t i = 0; i < names; ++i) {
        table.add(long_part + std::to_string(i), true);
    }
    const std::size_t full = table.memory_bytes();
    for (TenantIndex tenant = 0; tenant + 1 < names; ++tenant) {
        table.remove(tenant);
    }
    EXPECT_LE(table.memory_bytes() + (names - 1) * long_part.size(), full);
}

TEST(TenantTable, KeepsTenThousandTenantsInLessThan700Kilobytes) {
    TenantTable table(1);
    EXPECT_LE(table.memory_bytes(), 300U);
    for (int tenant = 0; tenant < 10'000; ++tenant) {
        table.add("tenant-" + std::to_string(tenant), true);
    }
    std::cout << "tenant table, 10000 tenants: " << table.memory_bytes() << " bytes\n";
    EXPECT_LE(table.memory_bytes(), 700'000U);
    EXPECT_EQ(table.find("tenant-9999"), 9999U);
}

RC_GTEST_PROP(TenantTable, BehavesAsAMapFromNamesToTheLowestFreeNumber, ()) {
    TenantTable table(*rc::gen::arbitrary<std::uint64_t>());
    std::map<std::string, TenantIndex> model;
    std::set<TenantIndex> used;
    for (int step = *rc::gen::inRange(0, 400); step > 0; --step) {
        const std::string name = "tenant-" + std::to_string(*rc::gen::inRange(0, 150));
        const auto known = model.find(name);
        RC_ASSERT(table.find(name) == (known == model.end() ? no_tenant : known->second));
        if (known == model.end()) {
            TenantIndex lowest = 0;
            while (used.contains(lowest)) {
                ++lowest;
            }
            RC_ASSERT(table.add(name, false) == lowest);
            used.insert(lowest);
            model[name] = lowest;
        } else {
            table.remove(known->second);
            used.erase(known->second);
            model.erase(known);
        }
        RC_ASSERT(table.size() == model.size());
        RC_ASSERT(table.end() == (used.empty() ? 0 : *used.rbegin() + 1));
    }
    for (const auto& [name, tenant] : model) {
        RC_ASSERT(table.name(tenant) == name);
    }
}

}  // namespace
}  // namespace flyball
