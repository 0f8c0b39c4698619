// Who is enrolled and who is not, the bound on tenants, places given back, and forget.

#include <gtest/gtest.h>

#include "tests/unit/governors/asked_quota.h"

namespace flyball {
namespace {

TEST(Enrolment, ComesWithTheFirstRequestThatChangesSomething) {
    AskedQuota quota;
    quota.ask({{"tenant", "acme"}, {"op", "get"}});
    quota.ask({{"tenant", "acme"}, {"hits", 0}});
    quota.ask({{"tenant", "acme"}, {"hits", 11}});
    quota.ask({{"tenant", "acme"}, {"resource", "nothing"}});
    quota.ask({{"tenant", "acme"}, {"hits", -1}});
    EXPECT_EQ(quota.governor().tenants(), 0U) << "looks, denials and errors store nobody";
    const Json fresh = quota.ask({{"tenant", "acme"}, {"op", "get"}});
    EXPECT_EQ(fresh.at("decision"), "ok");
    EXPECT_EQ(fresh.at("resources").at("api_calls").at("used"), 0);
    quota.ask({{"tenant", "acme"}});
    EXPECT_EQ(quota.governor().tenants(), 1U);
    quota.ask_admin({{"tenant", "ops"}, {"op", "set_limit"}, {"limit", 5}});
    EXPECT_EQ(quota.governor().tenants(), 2U);
}

TEST(Enrolment, IsTheOperatorsAloneWithoutAutoEnroll) {
    AskedQuota quota(Tree::Map{{"auto_enroll", false}});
    for (const Json& request : std::vector<Json>{Json::object(), {{"op", "get"}}, {{"hits", 0}}}) {
        Json asked = request;
        asked["tenant"] = "acme";
        const Json reply = quota.ask(asked);
        EXPECT_EQ(reply.at("decision"), "deny") << request;
        EXPECT_EQ(reply.at("reason"), "unknown_tenant") << request;
        EXPECT_EQ(reply.at("policy_rev"), "0123456789ab");
        EXPECT_FALSE(reply.contains("retry_after_ms"));
        EXPECT_EQ(quota.ask_admin(asked).at("reason"), "unknown_tenant")
            << "an R op enrols nobody, on no topic";
    }
    EXPECT_EQ(quota.governor().tenants(), 0U);
    EXPECT_EQ(quota.ask_admin({{"tenant", "acme"}, {"op", "reset"}}).at("decision"), "ok");
    EXPECT_EQ(quota.ask({{"tenant", "acme"}}).at("decision"), "allow");
    quota.ask_admin({{"tenant", "acme"}, {"op", "forget"}});
    EXPECT_EQ(quota.ask({{"tenant", "acme"}}).at("reason"), "unknown_tenant");
}

TEST(TenantLimit, RefusesOneMoreAndChangesNothing) {
    AskedQuota quota(Tree::Map{{"max_tenants", 2}});
    quota.ask({{"tenant", "a"}});
    quota.ask({{"tenant", "b"}});
    const Json reply = quota.ask({{"tenant", "c"}});
    EXPECT_EQ(reply.at("decision"), "error");
    EXPECT_EQ(reply.at("reason"), "tenant_limit");
    EXPECT_FALSE(reply.contains("seq"));
    EXPECT_EQ(quota.ask_admin({{"tenant", "c"}, {"op", "reset"}}).at("reason"), "tenant_limit");
    EXPECT_EQ(quota.ask({{"tenant", "c"}, {"dry_run", true}}).at("reason"), "tenant_limit");
    EXPECT_EQ(quota.governor().tenants(), 2U);
    EXPECT_EQ(quota.used("a"), 1);
    EXPECT_EQ(quota.used("b"), 1);
    EXPECT_EQ(quota.ask({{"tenant", "a"}}).at("decision"), "allow");
    EXPECT_EQ(quota.ask({{"tenant", "c"}, {"op", "get"}}).at("decision"), "ok")
        << "a look needs no place";
}

TEST(TenantLimit, GivesThePlaceOfOneWhoHasNothingToLose) {
    AskedQuota quota(Tree::Map{{"max_tenants", 1}});
    quota.ask({{"tenant", "old"}, {"hits", 10}});
    quota.pass(Span{59'999});
    EXPECT_EQ(quota.ask({{"tenant", "new"}}).at("reason"), "tenant_limit");
    quota.pass(Span{60'000});
    EXPECT_EQ(quota.ask({{"tenant", "new"}, {"hits", 2}}).at("decision"), "allow");
    EXPECT_EQ(quota.governor().tenants(), 1U);
    EXPECT_EQ(quota.used("new"), 2);
    EXPECT_EQ(quota.used("old"), 0);
}

TEST(TenantLimit, KeepsWhoHasAnIdAnOverrideALevelOrAnOperatorsHand) {
    AskedQuota quota(Tree::Map{{"max_tenants", 4}});
    quota.ask({{"tenant", "with-id"}, {"id", 1}});
    quota.ask({{"tenant", "with-override"}});
    quota.ask_admin({{"tenant", "with-override"}, {"op", "set_limit"}, {"limit", 7}});
    quota.ask({{"tenant", "with-level"}, {"resource", "disk"}, {"hits", 1}});
    quota.ask_admin({{"tenant", "by-operator"}, {"op", "reset"}});
    quota.pass(Span{3'600'000});
    EXPECT_EQ(quota.ask({{"tenant", "new"}}).at("reason"), "tenant_limit");
    EXPECT_EQ(quota.governor().tenants(), 4U);
    quota.ask({{"tenant", "with-level"}, {"op", "release"}, {"resource", "disk"}, {"hits", 1}});
    quota.pass(Span{3'600'000});
    EXPECT_EQ(quota.ask({{"tenant", "new"}}).at("decision"), "allow");
    EXPECT_EQ(quota.ask({{"tenant", "with-id"}, {"id", 1}}).value("replayed", false), true);
}

TEST(TenantLimit, FindsAPlaceSoonAfterTheOperatorTurnedTheClockBack) {
    AskedQuota quota(Tree::Map{{"max_tenants", 1}});
    const Instant right = quota.now();
    quota.pass(std::chrono::hours(24 * 365));
    quota.ask({{"tenant", "old"}});
    EXPECT_EQ(quota.ask({{"tenant", "new"}}).at("reason"), "tenant_limit");
    quota.turn_back_to(right);
    quota.ask_admin({{"tenant", "old"}, {"op", "forget"}});
    quota.ask({{"tenant", "old"}, {"resource", "tokens"}});
    quota.pass(Span{60'000});
    EXPECT_EQ(quota.ask({{"tenant", "new"}}).at("decision"), "allow");
}

TEST(Forget, ErasesTheTenantItsOverridesAndItsNameInTheHistory) {
    AskedQuota quota;
    quota.ask({{"tenant", "acme"}, {"hits", 4}});
    quota.ask_admin({{"tenant", "acme"}, {"op", "set_limit"}, {"limit", 5}});
    const Json reply = quota.ask_admin({{"tenant", "acme"}, {"op", "forget"}});
    EXPECT_EQ(reply.at("decision"), "ok");
    EXPECT_EQ(reply.at("allowed"), true);
    EXPECT_EQ(reply.at("tenant"), "acme");
    EXPECT_TRUE(reply.contains("seq"));
    EXPECT_EQ(quota.governor().tenants(), 0U);
    const Json now = quota.levels("acme").at("resources").at("api_calls");
    EXPECT_EQ(now.at("used"), 0);
    EXPECT_EQ(now.at("limit"), 10);
    EXPECT_EQ(now.at("overridden"), false);
    const EventRing& events = quota.governor().events();
    for (std::size_t age = 0; age < events.size(); ++age) {
        EXPECT_EQ(events.at_age(age).tenant, no_tenant);
    }
}

TEST(Forget, IsTheOperatorsAndMayBeAskedOfAStranger) {
    AskedQuota quota;
    quota.ask({{"tenant", "acme"}});
    EXPECT_EQ(quota.ask({{"tenant", "acme"}, {"op", "forget"}}).at("reason"), "not_permitted");
    EXPECT_EQ(quota.used("acme"), 1);
    EXPECT_EQ(quota.ask_admin({{"tenant", "nobody"}, {"op", "forget"}}).at("decision"), "ok");
    EXPECT_EQ(quota.governor().tenants(), 1U);
}

TEST(Forget, GivesThePlaceToTheNext) {
    AskedQuota quota(Tree::Map{{"max_tenants", 1}});
    quota.ask_admin({{"tenant", "a"}, {"op", "reset"}});
    EXPECT_EQ(quota.ask({{"tenant", "b"}}).at("reason"), "tenant_limit");
    quota.ask_admin({{"tenant", "a"}, {"op", "forget"}});
    EXPECT_EQ(quota.ask({{"tenant", "b"}}).at("decision"), "allow");
    EXPECT_EQ(quota.used("b"), 1) << "nothing of the one who was there before";
}

}  // namespace
}  // namespace flyball
