// dry_run, brief and observe mode: answers without effects, short answers, and rules on trial.

#include <gtest/gtest.h>

#include <set>

#include "tests/unit/governors/asked_quota.h"

namespace flyball {
namespace {

std::set<std::string> keys(const Json& reply) {
    std::set<std::string> names;
    for (const auto& item : reply.items()) {
        names.insert(item.key());
    }
    return names;
}

TEST(DryRun, AnswersAsTheRealOneWouldAndChangesNothing) {
    AskedQuota quota;
    quota.ask({{"tenant", "acme"}, {"hits", 4}});
    const Json before = quota.levels("acme");
    for (const Json& request : std::vector<Json>{{{"hits", 3}},
                                                 {{"hits", 7}},
                                                 {{"hits", 11}},
                                                 {{"hits", 9}, {"partial", true}},
                                                 {{"resource", "disk"}, {"hits", 50}},
                                                 {{"op", "get"}}}) {
        Json dry = request;
        dry["tenant"] = "acme";
        dry["dry_run"] = true;
        const Json rehearsed = quota.ask(dry);
        EXPECT_EQ(rehearsed.at("dry_run"), true);
        EXPECT_EQ(quota.levels("acme"), before) << request;
    }
    Json rehearsed = quota.ask({{"tenant", "acme"}, {"hits", 7}, {"dry_run", true}});
    Json real = quota.ask({{"tenant", "acme"}, {"hits", 7}});
    for (const char* key : {"decision", "allowed", "reason", "retry_after_ms", "policy_rev"}) {
        EXPECT_EQ(rehearsed.value(key, Json()), real.value(key, Json())) << key;
    }
}

TEST(DryRun, ShowsTheLevelsThatTheRealRequestWouldLeave) {
    AskedQuota quota;
    quota.ask({{"tenant", "acme"}, {"hits", 4}});
    for (const char* tenant : {"acme", "nobody-yet"}) {
        Json request = {{"tenant", tenant}, {"hits", 5}, {"dry_run", true}};
        Json rehearsed = quota.ask(request);
        EXPECT_EQ(quota.governor().tenants(), 1U);
        request.erase("dry_run");
        Json real = quota.ask(request);
        EXPECT_EQ(rehearsed.at("dry_run"), true);
        rehearsed.erase("dry_run");
        EXPECT_EQ(rehearsed.at("seq").get<int>() + 1, real.at("seq"));
        rehearsed.erase("seq");
        real.erase("seq");
        EXPECT_EQ(rehearsed, real) << tenant;
    }
}

TEST(DryRun, TakesNobodysPlaceInAFullTable) {
    AskedQuota quota(Tree::Map{{"max_tenants", std::int64_t{1}}});
    quota.ask({{"tenant", "first"}, {"hits", 1}});
    quota.ask_admin({{"tenant", "first"}, {"op", "reset"}});  // back at its defaults
    const Json dry = quota.ask({{"tenant", "second"}, {"hits", 3}, {"dry_run", true}});
    EXPECT_EQ(dry.at("used"), 3);
    EXPECT_EQ(quota.governor().tenants(), 1U);
    EXPECT_EQ(quota.governor().tenant_name(0), "first");
}

TEST(DryRun, TakesANumberAndCountsNowhere) {
    AskedQuota quota;
    const Json first = quota.ask({{"tenant", "acme"}, {"dry_run", true}});
    const Json second = quota.ask({{"tenant", "acme"}, {"hits", 11}, {"dry_run", true}});
    quota.ask({{"tenant", "acme"}, {"hits", -1}, {"dry_run", true}});
    EXPECT_LT(first.at("seq"), second.at("seq"));
    EXPECT_EQ(quota.governor().counts().allow, 0U);
    EXPECT_EQ(quota.governor().counts().deny, 0U);
    EXPECT_EQ(quota.governor().events().size(), 0U);
    EXPECT_EQ(quota.governor().ids().size(), 0U);
    EXPECT_EQ(quota.governor().tenants(), 0U);
}

TEST(DryRun, HoldsForAnOperatorsOpsToo) {
    AskedQuota quota;
    quota.ask({{"tenant", "acme"}, {"hits", 4}});
    const Json before = quota.levels("acme");
    for (const Json& op : std::vector<Json>{{{"op", "reset"}},
                                            {{"op", "refund"}, {"hits", 2}},
                                            {{"op", "set_limit"}, {"limit", 99}},
                                            {{"op", "set"}, {"resource", "disk"}, {"value", 9}},
                                            {{"op", "forget"}}}) {
        Json request = op;
        request["tenant"] = "acme";
        request["dry_run"] = true;
        EXPECT_EQ(quota.ask_admin(request).at("decision"), "ok") << op;
        EXPECT_EQ(quota.levels("acme"), before) << op;
    }
    EXPECT_EQ(quota.governor().tenants(), 1U);
    quota.ask_admin({{"tenant", "new"}, {"op", "set_limit"}, {"limit", 9}, {"dry_run", true}});
    EXPECT_EQ(quota.governor().tenants(), 1U) << "a rehearsal enrols nobody";
}

TEST(Brief, SaysNoMoreThanTheListedKeys) {
    AskedQuota quota;
    const Json allowed = quota.ask({{"tenant", "acme"}, {"brief", true}, {"id", "i"}, {"cid", 7}});
    EXPECT_EQ(keys(allowed), (std::set<std::string>{"cid", "id", "allowed", "decision", "seq"}));
    const Json replayed = quota.ask({{"tenant", "acme"}, {"brief", true}, {"id", "i"}});
    EXPECT_EQ(keys(replayed),
              (std::set<std::string>{"id", "allowed", "decision", "seq", "replayed"}));
    const Json granted = quota.ask(
        {{"tenant", "acme"}, {"brief", true}, {"hits", 99}, {"partial", true}, {"dry_run", true}});
    EXPECT_EQ(keys(granted),
              (std::set<std::string>{"allowed", "decision", "seq", "granted", "dry_run"}));
    quota.ask({{"tenant", "acme"}, {"hits", 9}});
    const Json denied = quota.ask({{"tenant", "acme"}, {"brief", true}, {"zzz", 1}});
    EXPECT_EQ(keys(denied),
              (std::set<std::string>{"allowed", "decision", "reason", "retry_after_ms", "seq"}));
    const Json error = quota.ask({{"tenant", "acme"}, {"brief", true}, {"hits", -1}});
    EXPECT_EQ(keys(error), (std::set<std::string>{"allowed", "decision", "reason"}));
}

TEST(Brief, IsAtMost160BytesOfJson) {
    AskedQuota quota;
    quota.ask({{"tenant", "acme"}, {"hits", 10}});
    const Json request = {{"tenant", "acme"}, {"id", std::string(16, 'i')}, {"brief", true}};
    const std::string reply = quota.reply_bytes(request.dump(), {});
    EXPECT_LE(reply.size(), 160U) << reply;
}

TEST(Observe, AnswersAllowAndSaysWhatItWouldHaveDone) {
    AskedQuota quota(Tree::Map{{"mode", "observe"}});
    quota.ask({{"tenant", "acme"}, {"hits", 8}});
    const Json reply = quota.ask({{"tenant", "acme"}, {"hits", 3}});
    EXPECT_EQ(reply.at("decision"), "allow");
    EXPECT_EQ(reply.at("allowed"), true);
    EXPECT_EQ(reply.at("would"), "deny");
    EXPECT_EQ(reply.at("reason"), "quota_exceeded");
    EXPECT_EQ(reply.at("retry_after_ms"), 60'000);
    EXPECT_EQ(reply.at("policy_rev"), "0123456789ab");
    EXPECT_EQ(quota.used("acme"), 8) << "what would be denied consumes nothing";
    EXPECT_EQ(quota.governor().counts().deny, 1U);
    EXPECT_EQ(quota.governor().counts().allow, 1U);
    EXPECT_EQ(quota.governor().counts().denied[static_cast<std::size_t>(Reason::quota_exceeded)],
              1U);
}

TEST(Observe, LeavesWhatIsAllowedAsItIs) {
    AskedQuota quota(Tree::Map{{"mode", "observe"}});
    const Json reply = quota.ask({{"tenant", "acme"}, {"hits", 8}});
    EXPECT_EQ(reply.at("decision"), "allow");
    EXPECT_FALSE(reply.contains("would"));
    EXPECT_FALSE(reply.contains("policy_rev"));
    EXPECT_EQ(quota.used("acme"), 8);
}

TEST(Observe, LeavesErrorsAndOperatorsOpsAsInEnforce) {
    AskedQuota quota(Tree::Map{{"mode", "observe"}});
    EXPECT_EQ(quota.ask({{"tenant", "acme"}, {"hits", -1}}).at("decision"), "error");
    EXPECT_EQ(quota.ask({{"tenant", "acme"}, {"op", "reset"}}).at("reason"), "not_permitted");
    EXPECT_EQ(quota.ask_admin({{"tenant", "acme"}, {"op", "reset"}}).at("decision"), "ok");
    EXPECT_EQ(quota.ask({{"tenant", "acme"}, {"op", "get"}}).at("decision"), "ok");
}

TEST(Observe, LetsAStrangerThroughAndDoesNotEnrolIt) {
    AskedQuota quota(Tree::Map{{"mode", "observe"}, {"auto_enroll", false}});
    const Json reply = quota.ask({{"tenant", "stranger"}});
    EXPECT_EQ(reply.at("decision"), "allow");
    EXPECT_EQ(reply.at("would"), "deny");
    EXPECT_EQ(reply.at("reason"), "unknown_tenant");
    EXPECT_EQ(quota.governor().tenants(), 0U);
}

}  // namespace
}  // namespace flyball
