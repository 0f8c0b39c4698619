// Do this once: the same id with the same content is answered from memory, and nothing happens
// twice.

#include <gtest/gtest.h>

#include "tests/unit/governors/asked_quota.h"

namespace flyball {
namespace {

Json with_id(const Json& id, Json rest = Json::object()) {
    rest["tenant"] = "acme";
    rest["id"] = id;
    return rest;
}

TEST(RepeatedId, GetsTheFirstAnswerAgainWithLevelsAsTheyAreNow) {
    AskedQuota quota;
    const Json first = quota.ask(with_id("a", {{"hits", 4}}));
    EXPECT_FALSE(first.contains("replayed"));
    quota.ask({{"tenant", "acme"}, {"hits", 3}});
    quota.pass(Span{5});
    const Json again = quota.ask(with_id("a", {{"hits", 4}}));
    EXPECT_EQ(again.at("replayed"), true);
    EXPECT_EQ(again.at("decision"), "allow");
    EXPECT_EQ(again.at("allowed"), true);
    EXPECT_EQ(again.at("seq"), first.at("seq"));
    EXPECT_FALSE(again.contains("reason"));
    EXPECT_EQ(again.at("used"), 7);
    EXPECT_EQ(again.at("remaining"), 3);
    EXPECT_EQ(again.at("id"), "a");
    EXPECT_EQ(quota.used("acme"), 7) << "no second effect";
}

TEST(RepeatedId, KeepsReasonSeqAndVerdictOfADenialThatWaitingCannotCure) {
    AskedQuota quota;
    const Json first = quota.ask(with_id(1, {{"hits", 11}}));
    EXPECT_EQ(first.at("reason"), "exceeds_limit");
    EXPECT_EQ(
        quota.ask_admin({{"tenant", "acme"}, {"op", "set_limit"}, {"limit", 20}}).at("allowed"),
        true);
    const Json again = quota.ask(with_id(1, {{"hits", 11}}));
    EXPECT_EQ(again.at("decision"), "deny") << "an id that was refused stays refused";
    EXPECT_EQ(again.at("reason"), "exceeds_limit");
    EXPECT_EQ(again.at("seq"), first.at("seq"));
    EXPECT_EQ(again.at("replayed"), true);
    EXPECT_EQ(quota.used("acme"), 0);
}

TEST(RepeatedId, DecidesAnewWhatWasDeniedWithAWait) {
    AskedQuota quota;
    quota.ask({{"tenant", "acme"}, {"hits", 10}});
    const Json first = quota.ask(with_id("later"));
    EXPECT_EQ(first.at("reason"), "quota_exceeded");
    ASSERT_TRUE(first.contains("retry_after_ms"));
    const Json second = quota.ask(with_id("later"));
    EXPECT_FALSE(second.contains("replayed"));
    EXPECT_GT(second.at("seq"), first.at("seq"));
    quota.pass(Span{first.at("retry_after_ms").get<std::int64_t>()});
    const Json third = quota.ask(with_id("later"));
    EXPECT_EQ(third.at("decision"), "allow");
    EXPECT_FALSE(third.contains("replayed"));
    EXPECT_EQ(quota.ask(with_id("later")).at("replayed"), true);
    EXPECT_EQ(quota.used("acme"), 1);
}

TEST(RepeatedId, KeepsWhatAPartialRequestWasGranted) {
    AskedQuota quota;
    quota.ask({{"tenant", "acme"}, {"hits", 7}});
    const Json partial = with_id("p", {{"hits", 9}, {"partial", true}});
    EXPECT_EQ(quota.ask(partial).at("granted"), 3);
    quota.ask_admin({{"tenant", "acme"}, {"op", "reset"}});
    const Json again = quota.ask(partial);
    EXPECT_EQ(again.at("granted"), 3);
    EXPECT_EQ(again.at("replayed"), true);
    EXPECT_EQ(again.at("used"), 0);
}

TEST(RepeatedId, LeavesOutTheWaitAndTheConfigIsNotAskedAgain) {
    AskedQuota quota(Tree::Map{{"mode", "observe"}});
    const Json first = quota.ask(with_id("o", {{"hits", 11}}));
    EXPECT_EQ(first.at("would"), "deny");
    const Json again = quota.ask(with_id("o", {{"hits", 11}}));
    EXPECT_EQ(again.at("would"), "deny");
    EXPECT_EQ(again.at("decision"), "allow");
    EXPECT_EQ(again.at("reason"), "exceeds_limit");
    EXPECT_EQ(again.at("replayed"), true);
    EXPECT_FALSE(again.contains("retry_after_ms"));
}

TEST(RepeatedId, WithOtherContentIsAnErrorAndChangesNothing) {
    AskedQuota quota;
    quota.ask(with_id("x", {{"hits", 2}}));
    const std::vector<Json> others = {{{"hits", 3}},
                                      {{"hits", 1}},
                                      {{"hits", 2}, {"resource", "tokens"}},
                                      Json::object(),
                                      {{"hits", 2}, {"partial", true}}};
    for (const Json& other : others) {
        const Json reply = quota.ask(with_id("x", other));
        EXPECT_EQ(reply.at("reason"), "id_reused") << other;
        EXPECT_EQ(reply.at("decision"), "error");
        EXPECT_FALSE(reply.contains("seq"));
        EXPECT_FALSE(reply.contains("replayed"));
    }
    EXPECT_EQ(quota.ask_admin(with_id("x", {{"op", "reset"}})).at("reason"), "id_reused");
    EXPECT_EQ(quota.used("acme"), 2);
    EXPECT_EQ(quota.used("acme", "tokens"), 0);
}

TEST(RepeatedId, ComparesContentAfterDefaultsAndNothingElse) {
    AskedQuota quota;
    quota.ask(with_id("d"));
    const std::vector<Json> same = {
        {{"hits", 1}},
        {{"op", "check"}},
        {{"resource", "api_calls"}, {"hits", 1.0}},
        {{"partial", false}},
        {{"cid", 7}},
        {{"reply_to", "clients/1"}},
        {{"x_note", "mine"}, {"colour", "red"}},
        {{"must", Json::array({"batch"})}},
        {{"ttl_ms", 60000}},
    };
    for (const Json& request : same) {
        EXPECT_EQ(quota.ask(with_id("d", request)).value("replayed", false), true) << request;
    }
    EXPECT_EQ(quota.ask_as("acme", {{"id", "d"}}).value("replayed", false), true);
    EXPECT_EQ(quota.ask_admin(with_id("d")).value("replayed", false), true);
    const std::vector<std::uint8_t> packed = Json::to_msgpack(with_id("d"));
    const std::string reply = quota.reply_bytes(std::string(packed.begin(), packed.end()), {});
    EXPECT_EQ(Json::from_msgpack(reply).value("replayed", false), true);
    EXPECT_EQ(quota.used("acme"), 1);
}

TEST(RepeatedId, TellsANumberFromItsDigits) {
    AskedQuota quota;
    EXPECT_EQ(quota.ask(with_id(42)).value("replayed", false), false);
    EXPECT_EQ(quota.ask(with_id("42")).value("replayed", false), false);
    EXPECT_EQ(quota.ask(with_id(42)).at("id"), 42);
    EXPECT_EQ(quota.ask(with_id("42")).at("id"), "42");
    EXPECT_EQ(quota.used("acme"), 2);
    EXPECT_EQ(quota.ask(with_id(18446744073709551615U)).at("id"), 18446744073709551615U);
}

TEST(RepeatedId, BelongsToItsTenant) {
    AskedQuota quota;
    quota.ask({{"tenant", "a"}, {"id", 1}});
    EXPECT_EQ(quota.ask({{"tenant", "b"}, {"id", 1}}).value("replayed", false), false);
    EXPECT_EQ(quota.ask({{"tenant", "a"}, {"id", 1}}).value("replayed", false), true);
    EXPECT_EQ(quota.used("b"), 1);
}

TEST(RepeatedId, IsForgottenOnceTheRingHasMovedOn) {
    AskedQuota quota(Tree::Map{{"ids", Tree::Map{{"capacity", 4}}}});
    for (int id = 0; id < 5; ++id) {
        quota.ask(with_id(id));
    }
    EXPECT_EQ(quota.ask(with_id(1)).value("replayed", false), true);
    EXPECT_EQ(quota.ask(with_id(4)).value("replayed", false), true);
    EXPECT_EQ(quota.used("acme"), 5);
    EXPECT_EQ(quota.ask(with_id(0)).value("replayed", false), false) << "the oldest was pushed out";
    EXPECT_EQ(quota.used("acme"), 6);
}

TEST(RepeatedId, IsRememberedForAnOperatorsOp) {
    AskedQuota quota;
    quota.ask({{"tenant", "acme"}, {"hits", 9}});
    const Json reset = with_id("r", {{"op", "reset"}});
    EXPECT_EQ(quota.ask_admin(reset).at("decision"), "ok");
    quota.ask({{"tenant", "acme"}, {"hits", 2}});
    const Json again = quota.ask_admin(reset);
    EXPECT_EQ(again.at("decision"), "ok");
    EXPECT_EQ(again.at("replayed"), true);
    EXPECT_EQ(quota.used("acme"), 2);
}

TEST(RepeatedId, IsNotTakenByLooksDryRunsAndErrors) {
    AskedQuota quota;
    quota.ask(with_id("n", {{"op", "get"}}));
    quota.ask(with_id("n", {{"hits", 0}}));
    quota.ask(with_id("n", {{"hits", 5}, {"dry_run", true}}));
    EXPECT_EQ(quota.ask(with_id("n", {{"hits", -1}})).at("decision"), "error");
    EXPECT_EQ(quota.ask(with_id("n", {{"op", "reset"}})).at("reason"), "not_permitted");
    const Json reply = quota.ask(with_id("n", {{"hits", 3}}));
    EXPECT_EQ(reply.at("decision"), "allow");
    EXPECT_FALSE(reply.contains("replayed"));
    EXPECT_EQ(quota.ask(with_id("n", {{"hits", 3}})).value("replayed", false), true);
}

TEST(RepeatedId, IsNotLookedForByADryRun) {
    AskedQuota quota;
    quota.ask(with_id("t", {{"hits", 3}}));
    const Json same = quota.ask(with_id("t", {{"hits", 3}, {"dry_run", true}}));
    EXPECT_FALSE(same.contains("replayed"));
    EXPECT_EQ(quota.ask(with_id("t", {{"hits", 4}, {"dry_run", true}})).at("decision"), "allow");
}

TEST(RepeatedId, OutlivesItsTenant) {
    AskedQuota quota;
    const Json first = quota.ask(with_id("f", {{"hits", 3}}));
    EXPECT_EQ(quota.ask_admin({{"tenant", "acme"}, {"op", "forget"}}).at("decision"), "ok");
    const Json late = quota.ask(with_id("f", {{"hits", 3}}));
    EXPECT_EQ(late.at("replayed"), true);
    EXPECT_EQ(late.at("seq"), first.at("seq"));
    EXPECT_EQ(late.at("used"), 0);
    EXPECT_EQ(quota.governor().tenants(), 0U);
}

TEST(RepeatedId, IsAllThatADenialOfAStrangerStores) {
    AskedQuota quota;
    const Json first = quota.ask(with_id("s", {{"hits", 11}}));
    EXPECT_EQ(quota.governor().tenants(), 0U);
    EXPECT_EQ(quota.ask(with_id("s", {{"hits", 11}})).at("seq"), first.at("seq"));
}

TEST(IdWindow, AnswersOverloadedWithAWaitRatherThanForgetTooEarly) {
    AskedQuota quota(Tree::Map{{"id_window", "10s"}, {"ids", Tree::Map{{"capacity", 2}}}});
    quota.ask(with_id(1));
    quota.pass(Span{1000});
    quota.ask(with_id(2));
    quota.pass(Span{1000});
    const Json full = quota.ask(with_id(3));
    EXPECT_EQ(full.at("decision"), "error");
    EXPECT_EQ(full.at("reason"), "overloaded");
    EXPECT_EQ(full.at("retry_after_ms"), 8000);
    EXPECT_EQ(quota.used("acme"), 2);
    EXPECT_EQ(quota.ask(with_id(1)).at("replayed"), true) << "what is remembered is still answered";
    EXPECT_EQ(quota.ask({{"tenant", "acme"}}).at("decision"), "allow") << "no id, no promise";
    quota.pass(Span{8000});
    EXPECT_EQ(quota.ask(with_id(3)).at("decision"), "allow");
    EXPECT_EQ(quota.ask(with_id(1)).value("replayed", false), false);
}

TEST(IdWindow, TakesTheSlotFromTheTenantWithTheMostIds) {
    AskedQuota quota(Tree::Map{{"id_window", "10s"}, {"ids", Tree::Map{{"capacity", 4}}}});
    quota.ask({{"tenant", "small"}, {"id", 1}});
    for (int id = 1; id <= 3; ++id) {
        quota.ask({{"tenant", "greedy"}, {"id", id}});
    }
    quota.pass(Span{10'000});
    quota.ask({{"tenant", "third"}, {"id", 1}});
    EXPECT_EQ(quota.ask({{"tenant", "small"}, {"id", 1}}).value("replayed", false), true);
    EXPECT_EQ(quota.ask({{"tenant", "greedy"}, {"id", 3}}).value("replayed", false), true);
    EXPECT_EQ(quota.ask({{"tenant", "greedy"}, {"id", 1}}).value("replayed", false), false);
}

}  // namespace
}  // namespace flyball
