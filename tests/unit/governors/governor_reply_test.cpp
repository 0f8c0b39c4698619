// What a reply says, what is ignored, what `must` asks for, and what a governor keeps of it.

#include <gtest/gtest.h>

#include "tests/unit/governors/asked_quota.h"

namespace flyball {
namespace {

TEST(GovernorReply, EchoesWhoAskedAndNamesWhoAnswered) {
    AskedQuota quota;
    const Json reply = quota.ask({{"tenant", "acme"}, {"id", 9}, {"cid", "c"}});
    EXPECT_EQ(reply.at("tenant"), "acme");
    EXPECT_EQ(reply.at("id"), 9);
    EXPECT_EQ(reply.at("cid"), "c");
    EXPECT_EQ(reply.at("governor"), "quota/main");
    EXPECT_EQ(reply.at("decision"), "allow");
    EXPECT_EQ(reply.at("allowed"), true);
    EXPECT_EQ(reply.at("at"), to_ms(quota.now()));
    EXPECT_EQ(reply.at("state"), "normal");
    EXPECT_EQ(reply.at("seq"), 1);
    for (const char* key : {"reason", "message", "would", "replayed", "dry_run", "policy_rev",
                            "retry_after_ms", "ignored"}) {
        EXPECT_FALSE(reply.contains(key)) << key;
    }
    const Json plain = quota.ask({{"tenant", "acme"}});
    EXPECT_FALSE(plain.contains("id"));
    EXPECT_FALSE(plain.contains("cid"));
}

TEST(GovernorReply, EchoesIdCidAndTenantOfAnErrorToo) {
    AskedQuota quota;
    const Json reply = quota.ask({{"tenant", "acme"}, {"id", 9}, {"cid", "c"}, {"op", "fly"}});
    EXPECT_EQ(reply.at("id"), 9);
    EXPECT_EQ(reply.at("cid"), "c");
    EXPECT_EQ(reply.at("tenant"), "acme");
    EXPECT_EQ(reply.at("governor"), "quota/main");
}

TEST(GovernorReply, CarriesThePolicyRevisionWithDenialsOnly) {
    AskedQuota quota;
    EXPECT_FALSE(quota.ask({{"tenant", "acme"}}).contains("policy_rev"));
    EXPECT_EQ(quota.ask({{"tenant", "acme"}, {"hits", 11}}).at("policy_rev"), "0123456789ab");
    EXPECT_FALSE(quota.ask({{"tenant", "acme"}, {"hits", -1}}).contains("policy_rev"));
    EXPECT_FALSE(quota.ask({{"tenant", "acme"}, {"op", "get"}}).contains("policy_rev"));
}

TEST(GovernorReply, ListsTheOpsWhenItDoesNotKnowOne) {
    AskedQuota quota;
    const Json reply = quota.ask({{"tenant", "acme"}, {"op", "fly"}});
    EXPECT_EQ(reply.at("reason"), "unknown_op");
    for (const char* op :
         {"check", "release", "refund", "reset", "set_limit", "set", "get", "forget"}) {
        const auto& names = reply.at("supported");
        EXPECT_NE(std::find(names.begin(), names.end(), op), names.end()) << op;
    }
}

TEST(GovernorReply, SaysWhichFieldIsWrongAndWhatWouldBeRight) {
    AskedQuota quota;
    for (const Json& hits : std::vector<Json>{-1, 1.5, "1", true, nullptr, Json::array(),
                                              Json::object(), 9223372036854775808U, 1e300}) {
        const Json reply = quota.ask({{"tenant", "acme"}, {"hits", hits}});
        EXPECT_EQ(reply.at("reason"), "bad_field") << hits;
        EXPECT_EQ(reply.at("field"), "hits") << hits;
        EXPECT_FALSE(reply.at("expected").get<std::string>().empty()) << hits;
        EXPECT_FALSE(reply.at("message").get<std::string>().empty()) << hits;
    }
}

TEST(GovernorReply, TakesAWholeFloatAndABigNumberInDigits) {
    AskedQuota quota;
    EXPECT_EQ(quota.ask({{"tenant", "acme"}, {"hits", 2.0}}).at("used"), 2);
    const Json big = quota.ask({{"tenant", "acme"}, {"hits", "9007199254740993"}});
    EXPECT_EQ(big.at("reason"), "exceeds_limit");
    EXPECT_EQ(quota.ask({{"tenant", "acme"}, {"hits", "9223372036854775808"}}).at("reason"),
              "bad_field");
}

TEST(Ignored, NamesUnknownKeysButNotTheCallersOwn) {
    AskedQuota quota;
    const Json reply =
        quota.ask({{"tenant", "acme"}, {"colour", 1}, {"x_trace", 2}, {"hits", 1}, {"size", 3}});
    EXPECT_EQ(reply.at("ignored"), Json({"colour", "size"}));
    EXPECT_FALSE(quota.ask({{"tenant", "acme"}, {"x_only", 1}}).contains("ignored"));
}

TEST(Ignored, NamesFourAtMost) {
    AskedQuota quota;
    Json request = {{"tenant", "acme"}};
    for (const char* key : {"k1", "k2", "k3", "k4", "k5", "k6"}) {
        request[key] = Json::array({1, {{"deep", nullptr}}});
    }
    EXPECT_EQ(quota.ask(request).at("ignored").size(), 4U);
}

TEST(Must, AcceptsEveryKeyAndFeatureThatIsKnown) {
    AskedQuota quota;
    const Json known = {"batch", "tenant", "op",       "id",   "cid",     "reply_to",
                        "must",  "brief",  "dry_run",  "hits", "partial", "ttl_ms",
                        "limit", "burst",  "resource", "value"};
    EXPECT_EQ(quota.ask({{"tenant", "acme"}, {"must", known}}).at("decision"), "allow");
    EXPECT_EQ(quota.ask({{"tenant", "acme"}, {"must", Json::array()}}).at("decision"), "allow");
}

TEST(Must, RefusesWhatIsNotKnownBeforeAnythingIsDone) {
    AskedQuota quota;
    for (const char* name : {"warp", "x_mine", "", "Hits", "hits "}) {
        const Json reply = quota.ask({{"tenant", "acme"}, {"must", {"batch", name}}, {name, 1}});
        EXPECT_EQ(reply.at("reason"), "unsupported") << name;
    }
    EXPECT_EQ(quota.used("acme"), 0);
    for (const Json& form : std::vector<Json>{1, "batch", nullptr, Json::object(), {"batch", 1}}) {
        const Json reply = quota.ask({{"tenant", "acme"}, {"must", form}});
        EXPECT_EQ(reply.at("reason"), "bad_field") << form;
        EXPECT_EQ(reply.at("field"), "must") << form;
    }
}

TEST(SequenceNumber, CountsDecisionsAndLooksButNeitherReplaysNorErrors) {
    AskedQuota quota;
    EXPECT_EQ(quota.ask({{"tenant", "acme"}, {"id", 1}}).at("seq"), 1);
    EXPECT_EQ(quota.ask({{"tenant", "acme"}, {"op", "get"}}).at("seq"), 2);
    EXPECT_EQ(quota.ask({{"tenant", "acme"}, {"id", 1}}).at("seq"), 1);
    EXPECT_FALSE(quota.ask({{"tenant", "acme"}, {"op", "fly"}}).contains("seq"));
    EXPECT_EQ(quota.ask({{"tenant", "acme"}, {"hits", 99}}).at("seq"), 3);
    EXPECT_EQ(quota.ask({{"tenant", "b"}, {"dry_run", true}}).at("seq"), 4);
    EXPECT_EQ(quota.ask_admin({{"tenant", "b"}, {"op", "reset"}}).at("seq"), 5);
    EXPECT_EQ(quota.ask_admin({{"tenant", "b"}, {"op", "forget"}}).at("seq"), 6);
}

TEST(History, KeepsDecisionsOtherThanLooksNewestFirst) {
    AskedQuota quota(Tree::Map{{"ring", Tree::Map{{"capacity", 3}}}});
    quota.ask({{"tenant", "acme"}, {"hits", 4}});
    quota.ask({{"tenant", "acme"}, {"op", "get"}});
    quota.ask({{"tenant", "acme"}, {"hits", 0}});
    quota.ask({{"tenant", "acme"}, {"hits", 2}, {"dry_run", true}});
    quota.ask({{"tenant", "acme"}, {"hits", -1}});
    const EventRing& events = quota.governor().events();
    ASSERT_EQ(events.size(), 1U);
    EXPECT_EQ(events.at_age(0).amount, 4);
    EXPECT_EQ(events.at_age(0).at, quota.now());
    EXPECT_EQ(quota.governor().tenant_name(events.at_age(0).tenant), "acme");
    const Json denied = quota.ask({{"tenant", "acme"}, {"hits", 11}, {"id", "x"}});
    ASSERT_EQ(events.size(), 2U);
    EXPECT_EQ(events.at_age(0).outcome, (Outcome{Verdict::deny, Reason::exceeds_limit, false}));
    EXPECT_EQ(events.at_age(0).seq, denied.at("seq"));
    quota.ask({{"tenant", "acme"}, {"hits", 11}, {"id", "x"}});
    EXPECT_EQ(events.size(), 2U) << "a replay is no decision";
    for (int i = 0; i < 5; ++i) {
        quota.ask({{"tenant", "acme"}, {"hits", 99}});
    }
    EXPECT_EQ(events.size(), 3U);
}

TEST(Counts, KnowAllowDenyErrorAndReplay) {
    AskedQuota quota;
    quota.ask({{"tenant", "acme"}, {"id", 1}});
    quota.ask({{"tenant", "acme"}, {"id", 1}});
    quota.ask({{"tenant", "acme"}, {"hits", 11}});
    quota.ask({{"tenant", "acme"}, {"op", "fly"}});
    quota.ask_admin({{"tenant", "acme"}, {"op", "reset"}});
    const Governor::Counts& counts = quota.governor().counts();
    EXPECT_EQ(counts.allow, 2U);
    EXPECT_EQ(counts.deny, 1U);
    EXPECT_EQ(counts.error, 1U);
    EXPECT_EQ(counts.replayed, 1U);
    EXPECT_EQ(counts.denied[static_cast<std::size_t>(Reason::exceeds_limit)], 1U);
}

TEST(Memory, IsSmallWhenIdleAndBoundedWhenBusy) {
    AskedQuota quota;
    const std::size_t idle = quota.governor().memory_bytes();
    EXPECT_LT(idle, 8192U);
    const auto fill = [&quota](int begin) {
        for (int id = begin; id < begin + 1500; ++id) {
            quota.ask({{"tenant", "acme"}, {"id", id}, {"hits", 11}});
        }
    };
    fill(0);
    const std::size_t full = quota.governor().memory_bytes();
    EXPECT_GE(full, idle + 1024 * (20 + 24)) << "a full history and a full memory of ids";
    EXPECT_LT(full, 128U * 1024);
    fill(1500);
    EXPECT_EQ(quota.governor().memory_bytes(), full);
    EXPECT_EQ(quota.governor().events().size(), 1024U);
    EXPECT_EQ(quota.governor().ids().size(), 1024U);
}

}  // namespace
}  // namespace flyball
