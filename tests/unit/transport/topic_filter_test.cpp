#include "transport/topic_filter.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "transport/subscription_copies.h"

namespace flyball {
namespace {

struct Row {
    const char* filter;
    const char* topic;
    bool matches;
};

TEST(TopicFilter, MatchesAsTheStandardSays) {
    const Row rows[] = {
        {"a/b", "a/b", true},     {"a/b", "a/c", false},     {"a/b", "a/b/c", false},
        {"a/b", "a", false},      {"a/+", "a/b", true},      {"a/+", "a", false},
        {"a/+", "a/", true},      {"a/+", "a/b/c", false},   {"+/+", "/finance", true},
        {"/+", "/finance", true}, {"+", "/finance", false},  {"a/#", "a", true},
        {"a/#", "a/b/c", true},   {"a/#", "ab", false},      {"#", "a/b", true},
        {"#", "$SYS/x", false},   {"+/x", "$SYS/x", false},  {"$SYS/#", "$SYS/x", true},
        {"a/+/c", "a/b/c", true}, {"a/+/c", "a/b/d", false}, {"a/+/#", "a/b", true},
        {"a/+/#", "a", false},    {"a//b", "a//b", true},    {"a/+/b", "a//b", true},
    };
    for (const Row& row : rows) {
        EXPECT_EQ(filter_matches(row.filter, row.topic), row.matches)
            << row.filter << " " << row.topic;
    }
}

TEST(TopicFilter, KnowsWhichFiltersShareATopic) {
    const std::pair<const char*, const char*> overlapping[] = {{"a/b", "a/b"},
                                                               {"a/+", "+/b"},
                                                               {"a/#", "a"},
                                                               {"#", "a/b/c"},
                                                               {"a/+/c", "a/b/+"},
                                                               {"a/+/#", "a/b"},
                                                               {"+/+/request", "admit/request/+"}};
    for (const auto& [one, other] : overlapping) {
        EXPECT_TRUE(filters_overlap(one, other)) << one << " " << other;
        EXPECT_TRUE(filters_overlap(other, one)) << one << " " << other;
    }
    const std::pair<const char*, const char*> apart[] = {{"a/b", "a/c"},
                                                         {"a/+", "a"},
                                                         {"a/+", "a/b/c"},
                                                         {"a/+/#", "a"},
                                                         {"+/+/request", "+/+/admin"},
                                                         {"+/+/request", "+/+/request/+"}};
    for (const auto& [one, other] : apart) {
        EXPECT_FALSE(filters_overlap(one, other)) << one << " " << other;
        EXPECT_FALSE(filters_overlap(other, one)) << one << " " << other;
    }
}

TEST(SubscriptionCopies, AreTakenForTheFirstFilterThatMatches) {
    const std::vector<std::string> filters = {"+/+/request", "control", "+/+/admin",
                                              "admit/request/+"};
    const SubscriptionCopies copies(filters);
    ASSERT_TRUE(copies.possible());
    EXPECT_EQ(copies.identifier(0), 1);
    EXPECT_EQ(copies.identifier(1), 0) << "overlaps with none";
    EXPECT_EQ(copies.identifier(3), 4);
    EXPECT_EQ(copies.identifier(4), 0);
    EXPECT_TRUE(copies.counts("admit/request/request", 1));
    EXPECT_FALSE(copies.counts("admit/request/request", 4));
    EXPECT_TRUE(copies.counts("admit/request/admin", 3));
    EXPECT_FALSE(copies.counts("admit/request/admin", 4));
    EXPECT_TRUE(copies.counts("admit/request/acme", 4));
    EXPECT_TRUE(copies.counts("anything", 0)) << "a broker that names none";
    EXPECT_TRUE(copies.counts("anything", 99));
    EXPECT_FALSE(SubscriptionCopies(std::vector<std::string>{"a", "b/+"}).possible());
}

TEST(TopicFilter, KnowsWhichFiltersABrokerAccepts) {
    for (const char* good : {"a", "/", "+", "#", "a/+/b", "a/#", "+/+/#", "a//b"}) {
        EXPECT_TRUE(valid_filter(good)) << good;
    }
    for (const char* bad : {"", "a+", "+a/b", "a/#/b", "a#", "##", "#/", "a/b+"}) {
        EXPECT_FALSE(valid_filter(bad)) << bad;
    }
}

}  // namespace
}  // namespace flyball
