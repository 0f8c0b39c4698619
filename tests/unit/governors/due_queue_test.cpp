// Which tenant is due next, against a model that keeps them sorted.

#include "governors/due_queue.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <optional>
#include <vector>

namespace flyball {
namespace {

constexpr Instant ms(std::int64_t count) {
    return instant_from_ms(count);
}

TEST(DueQueue, IsEmptyUntilSomebodyIsDue) {
    DueQueue queue;
    EXPECT_TRUE(queue.empty());
    EXPECT_FALSE(queue.holds(0));
    queue.set(3, std::nullopt);
    EXPECT_TRUE(queue.empty());
    queue.set(3, ms(5));
    EXPECT_FALSE(queue.empty());
    EXPECT_TRUE(queue.holds(3));
    EXPECT_FALSE(queue.holds(2));
    EXPECT_EQ(queue.due(3), ms(5));
}

TEST(DueQueue, MovesATenantEitherWay) {
    DueQueue queue;
    queue.set(0, ms(10));
    queue.set(1, ms(20));
    queue.set(0, ms(30));
    EXPECT_EQ(queue.first_tenant(), 1U);
    queue.set(0, ms(5));
    EXPECT_EQ(queue.first_tenant(), 0U);
    EXPECT_EQ(queue.first(), ms(5));
    queue.set(0, std::nullopt);
    EXPECT_EQ(queue.first_tenant(), 1U);
    EXPECT_FALSE(queue.holds(0));
}

TEST(DueQueue, PutsTheLowerTenantFirstAmongEquals) {
    DueQueue queue;
    for (const TenantIndex tenant : {4U, 2U, 9U, 0U}) {
        queue.set(tenant, ms(1));
    }
    std::vector<TenantIndex> order;
    while (!queue.empty()) {
        order.push_back(queue.first_tenant());
        queue.set(queue.first_tenant(), std::nullopt);
    }
    EXPECT_EQ(order, (std::vector<TenantIndex>{0, 2, 4, 9}));
}

TEST(DueQueue, TakesRoomOnlyForThoseThatAreDue) {
    DueQueue queue;
    queue.set(100'000, std::nullopt);
    EXPECT_EQ(queue.memory_bytes(), 0U);
    queue.set(9, ms(1));
    EXPECT_GE(queue.memory_bytes(), 10 * sizeof(TenantIndex) + sizeof(Instant));
}

struct Step {
    TenantIndex tenant = 0;
    std::optional<Instant> due;
};

std::vector<Step> any_steps() {
    return *rc::gen::container<std::vector<Step>>(rc::gen::exec([] {
        Step step{.tenant = static_cast<TenantIndex>(*rc::gen::inRange(0, 40)), .due = {}};
        if (*rc::gen::inRange(0, 4) != 0) {
            step.due = ms(*rc::gen::inRange(-5, 30));  // often the same
        }
        return step;
    }));
}

class Model {
public:
    void set(TenantIndex tenant, std::optional<Instant> due) {
        for (auto line = lines_.begin(); line != lines_.end(); ++line) {
            if (line->second == tenant) {
                lines_.erase(line);
                break;
            }
        }
        if (due) {
            lines_.emplace(*due, tenant);
        }
    }
    // The lowest tenant of those due first.
    std::optional<Step> first() const {
        if (lines_.empty()) {
            return std::nullopt;
        }
        const auto [begin, end] = lines_.equal_range(lines_.begin()->first);
        Step first{.tenant = begin->second, .due = begin->first};
        for (auto line = begin; line != end; ++line) {
            first.tenant = std::min(first.tenant, line->second);
        }
        return first;
    }
    std::optional<Instant> due(TenantIndex tenant) const {
        for (const auto& [due, of] : lines_) {
            if (of == tenant) {
                return due;
            }
        }
        return std::nullopt;
    }

private:
    std::multimap<Instant, TenantIndex> lines_;
};

void check_same(const DueQueue& queue, const Model& model) {
    const auto first = model.first();
    RC_ASSERT(queue.empty() == !first);
    if (first) {
        RC_ASSERT(queue.first() == *first->due);
        RC_ASSERT(queue.first_tenant() == first->tenant);
    }
    for (TenantIndex tenant = 0; tenant < 41; ++tenant) {
        const auto due = model.due(tenant);
        RC_ASSERT(queue.holds(tenant) == due.has_value());
        if (due) {
            RC_ASSERT(queue.due(tenant) == *due);
        }
    }
}

RC_GTEST_PROP(DueQueueModel, AgreesAfterEveryChange, ()) {
    DueQueue queue;
    Model model;
    for (const Step& step : any_steps()) {
        queue.set(step.tenant, step.due);
        model.set(step.tenant, step.due);
        check_same(queue, model);
    }
    while (!queue.empty()) {
        const TenantIndex tenant = queue.first_tenant();
        queue.set(tenant, std::nullopt);
        model.set(tenant, std::nullopt);
        check_same(queue, model);
    }
}

}  // namespace
}  // namespace flyball
