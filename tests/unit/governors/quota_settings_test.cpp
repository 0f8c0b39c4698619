// A quota's configuration: what is read, what is refused with which key, what a change keeps.

#include "governors/quota_settings.h"

#include <gtest/gtest.h>

#include "tests/unit/governors/quota_desk.h"

namespace flyball {
namespace {

std::string refusal(Tree settings) {
    Quota quota;
    const Tree before = quota.settings();
    const auto result = quota.configure(settings, instant_from_ms(0));
    EXPECT_FALSE(result.has_value());
    EXPECT_EQ(quota.settings(), before);
    return result ? "" : result.error().message;
}

// The message for api_calls with `key` set to `value`.
std::string refusal_of(Tree resource, const std::string& key, Tree value) {
    (*resource.map())[key] = std::move(value);
    return refusal(Tree::Map{{"resources", Tree::Map{{"api_calls", std::move(resource)}}}});
}

TEST(QuotaSettings, HaveTwoResourcesByDefault) {
    std::string json;
    Quota().settings().append_canonical_json(json);
    EXPECT_EQ(json,
              R"({"resources":{"api_calls":{"algorithm":"fixed","anchor":"1970-01-01T00:00:00Z",)"
              R"("limit":10000,"warn_at":80,"window":"1d"},)"
              R"("storage_mb":{"algorithm":"gauge","limit":500,"warn_at":80}}})");
}

TEST(QuotaSettings, AreReadBackFromWhatTheyWrite) {
    Tree weekly = rule("fixed", 5, "2w");
    QuotaDesk desk({{"a", weekly}, {"b", bucket(5, "1m", 9)}, {"c", rule("sliding", 1, "90s")}});
    Quota again;
    const Tree settings = desk.quota.settings();
    ASSERT_TRUE(again.configure(settings, instant_from_ms(0)).has_value());
    EXPECT_EQ(again.settings(), settings);
    EXPECT_EQ(*settings.find("resources")->find("a")->find("anchor")->text(),
              "1970-01-05T00:00:00Z");
}

TEST(QuotaSettings, ReplaceAResourceOfTheSameNameWhole) {
    QuotaDesk desk({{"api_calls", gauge(7)}});
    EXPECT_EQ(desk.ask(0, "{}").keys,
              R"({"resource":"api_calls","limit":7,"used":1,"remaining":6})");
}

TEST(QuotaSettings, NameTheKeyThatIsWrong) {
    const Tree fixed = rule("fixed", 1, "1m");
    const Tree sliding = rule("sliding", 1, "1m");
    const struct {
        Tree resource;
        const char* key;
        Tree value;
        const char* said;
    } cases[] = {
        {fixed, "limit", -1, "must be an integer from 0 to 9223372036854775807"},
        {fixed, "limit", "10", "must be an integer from 0 to 9223372036854775807"},
        {fixed, "window", "soon", "must be a duration longer than nothing"},
        {fixed, "window", 60, "must be a duration longer than nothing"},
        {fixed, "window", "0s", "must be a duration longer than nothing"},
        {sliding, "window", "1mo", "months need the algorithm \"fixed\""},
        {bucket(1, "1m", 1), "window", "1mo", "months need the algorithm \"fixed\""},
        {gauge(1), "window", "1d", "must be left out"},
        {fixed, "algorithm", "leaky", "must be \"fixed\", \"sliding\", \"bucket\" or \"gauge\""},
        {fixed, "burst", 3, "must be left out"},
        {bucket(1, "1m", 1), "burst", -1, "must be an integer from 0"},
        {sliding, "anchor", "2026-01-01T00:00:00Z", "must be left out"},
        {fixed, "anchor", "2026-01-01", "must be a date and time with an offset"},
        {fixed, "warn_at", 101, "must be an integer from 1 to 100"},
        {fixed, "limits", 1, "unknown; known are limit, window, algorithm"},
    };
    for (const auto& one : cases) {
        const std::string message = refusal_of(one.resource, one.key, one.value);
        const std::string start = std::string("resources.api_calls.") + one.key + ": " + one.said;
        EXPECT_EQ(message.substr(0, start.size()), start);
    }
}

TEST(QuotaSettings, RefuseOtherShapes) {
    EXPECT_EQ(refusal(Tree::Map{{"resource", Tree::Map{}}}).substr(0, 9), "resource:");
    EXPECT_EQ(refusal(Tree::Map{{"resources", 3}}).substr(0, 10), "resources:");
    EXPECT_EQ(refusal(Tree::Map{{"resources", Tree::Map{{"a", 3}}}}).substr(0, 12), "resources.a:");
    EXPECT_EQ(refusal(Tree::Map{{"resources", Tree::Map{{"a", Tree::Map{}}}}}),
              "resources.a.window: must be a duration longer than nothing, such as \"1m\", \"1d\" "
              "or \"1mo\"");
    EXPECT_EQ(refusal(Tree::Map{{"resources", Tree::Map{{std::string(65, 'a'), gauge(1)}}}})
                  .substr(0, 13),
              "resources.aaa");
    Tree::Map many;
    for (std::size_t at = 0; at < quota_resources_max; ++at) {
        many["r" + std::to_string(at)] = gauge(1);
    }
    EXPECT_EQ(refusal(Tree::Map{{"resources", many}}).substr(0, 22), "resources: at most 256");
}

TEST(QuotaSettings, KeepTheUseWhenOnlyTheLimitChanges) {
    for (const char* algorithm : {"fixed", "sliding"}) {
        QuotaDesk desk({{"api_calls", rule(algorithm, 10, "1m")}});
        desk.ask(0, R"({"hits":8})");
        EXPECT_TRUE(desk.configure({{"api_calls", rule(algorithm, 20, "60s")}}, 1000).empty());
        EXPECT_EQ(desk.ask(1000, R"({"hits":13})").reason, Reason::quota_exceeded);
        EXPECT_EQ(desk.ask(1000, R"({"hits":12})").verdict, Verdict::allow);
    }
}

TEST(QuotaSettings, KeepWhatIsMissingFromABucketAndItsRefillSoFar) {
    QuotaDesk desk({{"api_calls", bucket(10, "1s", 10)}});
    desk.ask(0, R"({"hits":10})");
    EXPECT_TRUE(desk.configure({{"api_calls", bucket(1000, "1s", 8)}}, 400).empty());
    EXPECT_EQ(desk.ask(400, R"({"hits":0})").keys,
              R"({"resource":"api_calls","limit":8,"used":6,"remaining":2,"reset_ms":6})");
}

TEST(QuotaSettings, BeginAResourceAnewWhenItsWindowOrAlgorithmChanges) {
    Tree anchored = rule("fixed", 10, "1m");
    (*anchored.map())["anchor"] = "2026-01-01T00:00:30Z";
    for (const Tree& changed : {rule("fixed", 10, "2m"), rule("sliding", 10, "1m"), anchored}) {
        QuotaDesk desk({{"api_calls", rule("fixed", 10, "1m")}});
        desk.ask(0, R"({"hits":8})");
        desk.ask(0, R"({"hits":3,"resource":"storage_mb"})");
        EXPECT_EQ(desk.configure({{"api_calls", changed}}, 1000),
                  std::vector<std::string>{"api_calls"});
        EXPECT_EQ(desk.ask(1000, R"({"hits":10})").verdict, Verdict::allow);
        EXPECT_EQ(desk.ask(1000, R"({"hits":498,"resource":"storage_mb"})").verdict, Verdict::deny);
    }
}

TEST(QuotaSettings, KeepOverridesThroughEveryChange) {
    QuotaDesk desk({{"api_calls", rule("fixed", 10, "1m")}});
    desk.ask(0, R"({"op":"set_limit","limit":3})", 2);
    desk.configure({{"api_calls", rule("fixed", 50, "1m")}}, 0);
    EXPECT_EQ(desk.ask(0, R"({"hits":4})", 2).reason, Reason::exceeds_limit);
    desk.configure({{"api_calls", rule("sliding", 50, "2m")}, {"another", gauge(1)}}, 0);
    EXPECT_EQ(desk.ask(0, R"({"hits":4})", 2).reason, Reason::exceeds_limit);
    EXPECT_EQ(desk.ask(0, R"({"hits":50})", 1).verdict, Verdict::allow);
}

}  // namespace
}  // namespace flyball
