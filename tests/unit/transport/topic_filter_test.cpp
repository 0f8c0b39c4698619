#include "transport/topic_filter.h"

#include <gtest/gtest.h>

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
