// A node that breaks an invariant is found out, one that may have lost something is not blamed.

#include "fleet/checker/checker.h"

#include <gtest/gtest.h>

namespace flyball::checker {
namespace {

class CheckerTest : public testing::Test {
protected:
    CheckerTest() {
        checker.configured(
            "quota/main",
            {{"resources",
              {{"api_calls", {{"limit", 10}, {"window", "1m"}}},
               {"burst", {{"limit", 10}, {"window", "1m"}, {"algorithm", "bucket"}}},
               {"sliding", {{"limit", 10}, {"window", "1m"}, {"algorithm", "sliding"}}},
               {"disk", {{"limit", 10}, {"algorithm", "gauge"}}}}}});
    }
    void said(const std::string& below, Json request, Json reply) {
        request["tenant"] = "ann";
        reply = reply.is_null() ? Json::object() : reply;
        reply["allowed"] = reply.value("decision", "allow") != "deny";
        reply.emplace("decision", "allow");
        reply.emplace("seq", ++seq);
        reply.emplace("at", at);
        checker.asked(++n, below, request);
        checker.answered(n, reply);
    }
    void granted(const std::string& resource, int hits) {
        said("quota/main/request", {{"resource", resource}, {"hits", hits}}, {{"limit", 10}});
    }
    bool broken(const char* invariant) const {
        return !checker.good() && checker.violations().front().starts_with(invariant);
    }

    Checker checker;
    std::uint64_t n = 0;
    std::uint64_t seq = 0;
    std::int64_t at = 1'767'225'600'000;
};

TEST_F(CheckerTest, FindsAGrantTooManyInEveryKindOfWindow) {
    for (const char* resource : {"api_calls", "burst", "sliding", "disk"}) {
        Checker fresh = checker;
        std::swap(fresh, checker);
        granted(resource, 6);
        granted(resource, 4);
        EXPECT_TRUE(checker.good()) << resource;
        granted(resource, 1);
        EXPECT_TRUE(broken("I1")) << resource;
        std::swap(fresh, checker);
    }
}

TEST_F(CheckerTest, CountsWhatWasGivenBackAndWhatMayBeLost) {
    granted("api_calls", 10);
    said("quota/main/admin", {{"op", "refund"}, {"resource", "api_calls"}, {"hits", 3}},
         {{"limit", 10}, {"decision", "ok"}});
    granted("api_calls", 3);
    checker.ended(n - 1);
    granted("api_calls", 3);
    EXPECT_TRUE(checker.good()) << checker.violations().front();
    at += 60'000;
    granted("api_calls", 10);
    EXPECT_TRUE(checker.good()) << "another window";
}

TEST_F(CheckerTest, DoesNotBelieveALimitThatNobodySet) {
    for (int i = 0; i < 2; ++i) {
        said("quota/main/request", {{"hits", 8}}, {{"limit", 99}});
    }
    EXPECT_TRUE(broken("I1"));
}

TEST_F(CheckerTest, KnowsTheLimitThatWasSet) {
    const Json raise{{"op", "set_limit"}, {"limit", 20}};
    said("quota/main/admin", raise, {{"decision", "ok"}, {"limit", 20}});
    said("quota/main/request", {{"hits", 20}}, {{"limit", 20}});
    EXPECT_TRUE(checker.good()) << checker.violations().front();
    Checker fresh = checker;
    said("quota/main/request", {{"hits", 1}}, {{"limit", 99}});
    EXPECT_TRUE(broken("I1"));
    checker = fresh;
    checker.ended(0);  // whether it is still set, only the node knows
    said("quota/main/request", {{"hits", 20}}, {{"limit", 20}});
    said("quota/main/request", {{"hits", 79}}, {{"limit", 99}});
    EXPECT_TRUE(checker.good()) << checker.violations().front();
    said("quota/main/admin", {{"op", "set_limit"}, {"limit", -1}}, {{"decision", "ok"}});
    at += 60'000;
    said("quota/main/request", {{"hits", 11}}, {{"limit", 99}});
    EXPECT_TRUE(broken("I1"));
}

TEST_F(CheckerTest, ADoubtOfATenantsLimitEndsWithAForgetThatWasAcknowledged) {
    checker.asked(++n, "quota/main/admin", {{"tenant", "ann"}, {"op", "forget"}});
    checker.unanswered(n);
    said("quota/main/request", {{"hits", 50}}, {{"limit", 99}});
    EXPECT_TRUE(checker.good()) << checker.violations().front();
    const std::uint64_t kept = n;
    said("quota/main/admin", {{"op", "forget"}}, {{"decision", "ok"}});
    const Checker sure = checker;
    said("quota/main/request", {{"hits", 11}}, {{"limit", 99}});
    EXPECT_TRUE(broken("I1")) << "nobody set another limit since";
    checker = sure;
    checker.ended(kept);  // the forget may be lost
    said("quota/main/request", {{"hits", 11}}, {{"limit", 99}});
    EXPECT_TRUE(checker.good()) << checker.violations().front();
}

TEST_F(CheckerTest, FindsWhatIsUnknownAfterItWasThere) {
    const auto unknown = [](const char* reason) {
        return Json{{"decision", "deny"}, {"reason", reason}};
    };
    said("billing/main/admin", {{"op", "topup"}, {"amount", 5}, {"id", 1}}, {{"balance", 5}});
    said("subscription/main/admin", {{"op", "start"}}, {});
    said("entitlement/main/admin", {{"op", "grant"}, {"feature", "export"}}, {});
    const std::uint64_t kept = n;
    checker.ended(kept);
    const Checker killed = checker;
    said("entitlement/main/request", {{"feature", "seats"}}, unknown("not_entitled"));
    said("billing/main/request", {{"op", "charge"}, {"amount", 9}, {"id", 2}},
         unknown("insufficient_credit"));
    EXPECT_TRUE(checker.good()) << checker.violations().front();
    said("billing/main/request", {{"op", "get"}}, unknown("unknown_tenant"));
    EXPECT_TRUE(broken("state back"));
    checker = killed;
    said("subscription/main/request", {}, unknown("no_subscription"));
    EXPECT_TRUE(broken("state back"));
    checker = Checker();
    said("subscription/main/request", {}, {});  // who is allowed has one
    said("subscription/main/request", {}, unknown("no_subscription"));
    EXPECT_TRUE(broken("state back"));
    checker = killed;
    said("entitlement/main/request", {{"feature", "export"}}, unknown("not_entitled"));
    EXPECT_TRUE(broken("state back"));
    checker = killed;
    checker.ended(kept - 1);  // the grant may be lost
    said("entitlement/main/request", {{"feature", "export"}}, unknown("not_entitled"));
    checker.ended(0);
    said("billing/main/request", {{"op", "get"}}, unknown("unknown_tenant"));
    EXPECT_TRUE(checker.good()) << checker.violations().front();
}

TEST_F(CheckerTest, FindsABalanceThatDoesNotAddUp) {
    said("billing/main/admin", {{"op", "topup"}, {"amount", 50}, {"id", 1}}, {{"balance", 50}});
    said("billing/main/request", {{"op", "charge"}, {"amount", 20}, {"id", 2}}, {{"balance", 30}});
    EXPECT_TRUE(checker.good());
    said("billing/main/request", {{"op", "get"}}, {{"balance", 29}});
    EXPECT_TRUE(broken("I2"));
}

TEST_F(CheckerTest, FindsASecondEffectOfAnId) {
    const Json charge{{"op", "charge"}, {"amount", 20}, {"id", 2}};
    said("billing/main/request", charge, {{"seq", 7}});
    said("billing/main/request", charge, {{"seq", 7}, {"replayed", true}});
    EXPECT_TRUE(checker.good());
    said("billing/main/request", charge, {{"seq", 8}});
    EXPECT_TRUE(broken("I3"));
}

TEST_F(CheckerTest, FindsAnotherRequestUnderAnId) {
    said("billing/main/request", {{"op", "charge"}, {"amount", 20}, {"id", 2}}, {});
    said("billing/main/request", {{"op", "charge"}, {"amount", 21}, {"id", 2}},
         {{"replayed", true}});
    EXPECT_TRUE(broken("I3"));
}

TEST_F(CheckerTest, ForgivesAnIdThatMayBeLost) {
    const Json charge{{"op", "charge"}, {"amount", 20}, {"id", 2}};
    said("billing/main/request", charge, {});
    checker.ended(0);
    said("billing/main/request", charge, {});
    EXPECT_TRUE(checker.good());
}

TEST_F(CheckerTest, FindsNumbersTimeAndEventsThatComeTwiceOrBack) {
    Checker fresh = checker;
    said("quota/main/request", {{"op", "get"}}, {{"seq", 5}});
    said("quota/main/request", {{"op", "get"}}, {{"seq", 5}});
    EXPECT_TRUE(broken("I7"));
    checker = fresh;
    said("quota/main/request", {{"op", "get"}}, {{"at", 1000}});
    said("quota/main/request", {{"op", "get"}}, {{"at", 999}});
    EXPECT_TRUE(broken("I9"));
    checker = fresh;
    checker.told({{"n", 3}});
    checker.told({{"n", 3}});
    EXPECT_TRUE(broken("events"));
}

TEST_F(CheckerTest, FindsAnAuditRecordThatComesTwice) {
    const Json audit{{"audit", {{"seq", 4}, {"hash", "ab"}}}};
    said("compliance/main/request", {{"action", "store"}}, audit);
    said("compliance/main/request", {{"action", "store"}}, audit);
    EXPECT_TRUE(broken("I11"));
}

TEST_F(CheckerTest, FindsWhatIsAllowedAgainAfterItWasForbidden) {
    said("entitlement/main/admin", {{"op", "revoke"}, {"feature", "export"}}, {});
    said("entitlement/main/request", {{"feature", "basic"}}, {});
    EXPECT_TRUE(checker.good());
    said("entitlement/main/request", {{"feature", "export"}}, {});
    EXPECT_TRUE(broken("bans"));
}

TEST_F(CheckerTest, TakesWhateverAStrangerAnswers) {
    const Json charge{{"op", "charge"}, {"amount", 20}, {"id", 2}};
    said("billing/main/request", charge, {{"ignored", {5, Json::object()}}, {"seq", "\xff"}});
    said("billing/main/request", charge, {{"reason", "\xff"}, {"balance", {1}}, {"holds", 3}});
    for (const Json& reply :
         {Json(5), Json("\xff"), Json::array({"\xff"}), Json(), Json(Json::value_t::discarded)}) {
        checker.asked(++n, "billing/main/request", {{"tenant", "ann"}, {"amount", 1}});
        checker.answered(n, reply);
        checker.answered(n, reply);
    }
    EXPECT_FALSE(checker.good()) << "and says what is wrong with it";
}

TEST_F(CheckerTest, FindsRequestsThatVanishOrAreAnsweredTwice) {
    Checker fresh = checker;
    checker.asked(1, "quota/main/request", Json::object());
    checker.settled(0);
    EXPECT_TRUE(broken("I12"));
    checker = fresh;
    checker.asked(1, "quota/main/request", Json::object());
    checker.answered(1, {{"decision", "error"}});
    EXPECT_TRUE(checker.good());
    checker.answered(1, {{"decision", "error"}});
    EXPECT_TRUE(broken("I12"));
}

}  // namespace
}  // namespace flyball::checker
