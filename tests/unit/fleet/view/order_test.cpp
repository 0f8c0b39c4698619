#include "fleet/view/order.h"

#include <gtest/gtest.h>

#include "fleet/view/expectation.h"
#include "tests/unit/fleet/view/reports.h"

namespace flyball {
namespace {

using testing::name_of;

std::vector<NodeRow> three() {
    std::vector<NodeRow> rows(3);
    const char* names[] = {"apac/a", "eu/b", "eu/c"};
    const char* statuses[] = {"online", "lost", "degraded"};
    for (std::size_t i = 0; i < rows.size(); ++i) {
        rows[i].name = name_of(names[i]);
        rows[i].health.status = statuses[i];
        rows[i].alive = i != 1;
        rows[i].per_second = static_cast<double>(10 + i);
        rows[i].facts.p99_us = static_cast<std::int64_t>(100 - i);
        rows[i].facts.version = "0.1.0";
    }
    return rows;
}

std::string names(const std::vector<NodeRow>& rows) {
    std::string text;
    for (const NodeRow& row : rows) {
        text += (text.empty() ? "" : " ") + row.name.node;
    }
    return text;
}

TEST(Order, PutsTheLargestAndTheWorstFirst) {
    EXPECT_EQ(names(arranged(three(), {})), "a b c");
    EXPECT_EQ(names(arranged(three(), {SortKey::name, true, ""})), "c b a");
    EXPECT_EQ(names(arranged(three(), {SortKey::rate, false, ""})), "c b a");
    EXPECT_EQ(names(arranged(three(), {SortKey::status, false, ""})), "b c a");
    EXPECT_EQ(names(arranged(three(), {SortKey::latency, false, ""})), "a c b");
    EXPECT_EQ(names(arranged(three(), {SortKey::latency, true, ""})), "b c a");
}

TEST(Order, KeepsNamesInOrderWhereTheKeyIsEqual) {
    EXPECT_EQ(names(arranged(three(), {SortKey::denials, false, ""})), "a b c");
    EXPECT_EQ(names(arranged(three(), {SortKey::denials, true, ""})), "a b c");
}

TEST(Order, FiltersByNameStatusAndVersionBothWays) {
    EXPECT_EQ(names(arranged(three(), {SortKey::name, false, "EU/"})), "b c");
    EXPECT_EQ(names(arranged(three(), {SortKey::name, false, "lost"})), "b");
    EXPECT_EQ(names(arranged(three(), {SortKey::name, false, "!lost"})), "a c");
    EXPECT_EQ(names(arranged(three(), {SortKey::name, false, "0.1"})), "a b c");
    EXPECT_EQ(names(arranged(three(), {SortKey::name, false, "!"})), "a b c");
    EXPECT_EQ(names(arranged(three(), {SortKey::name, false, "nowhere"})), "");
}

TEST(Sentences, SayWhatIsWrongWithANode) {
    const Instant now = testing::start;
    const auto told = [&](Json report, Instant at) {
        const HealthReport health{name_of("eu/a"), std::move(report), true, at};
        return sentence_about(health, judge(health, now, std::nullopt));
    };
    EXPECT_EQ(told(nullptr, now), "eu/a is missing: it has not reported to this broker");
    EXPECT_EQ(told(testing::report({.at = now - std::chrono::minutes(5)}), now),
              "eu/a is lost: its last report is 5 min old and said online");
    EXPECT_EQ(told({{"status", "offline"}}, now), "eu/a is offline");
    EXPECT_EQ(told(testing::report({.status = "draining"}), now), "eu/a is draining");
    Json degraded = testing::report({.status = "degraded"});
    degraded["governors"][0]["status"] = "down";
    EXPECT_EQ(told(degraded, now), "eu/a is degraded: quota/main is down");
    EXPECT_EQ(told(3, now), "eu/a is unreadable: its health is not a report");
}

}  // namespace
}  // namespace flyball
