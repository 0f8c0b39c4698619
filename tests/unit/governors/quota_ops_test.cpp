// What each op of a quota does, refuses and answers.

#include <gtest/gtest.h>

#include "tests/unit/governors/quota_desk.h"

namespace flyball {
namespace {

using enum EventKind;

Tree::Map ten_a_minute() {
    return {{"api_calls", rule("fixed", 10, "1m")}};
}

TEST(Quota, ChecksOneHitOfApiCallsByDefault) {
    QuotaDesk desk;
    const QuotaAnswer answer = desk.ask(0, "{}");
    EXPECT_EQ(answer.verdict, Verdict::allow);
    EXPECT_EQ(answer.amount, 1);
    EXPECT_EQ(answer.keys, R"({"resource":"api_calls","limit":10000,"used":1,"remaining":9999,)"
                           R"("reset_ms":86400000})");
}

TEST(Quota, OnlyLooksAtZeroHits) {
    QuotaDesk desk(ten_a_minute());
    desk.ask(0, R"({"hits":10})");
    const QuotaAnswer answer = desk.ask(0, R"({"hits":0})");
    EXPECT_TRUE(answer.look);
    EXPECT_EQ(answer.verdict, Verdict::allow);
    EXPECT_EQ(answer.state, "exceeded");
    EXPECT_TRUE(desk.effect.empty());
}

TEST(Quota, RefusesNegativeHitsEverywhere) {
    QuotaDesk desk;
    EXPECT_EQ(desk.ask(0, R"({"hits":-1})").field, "hits");
    EXPECT_EQ(desk.ask(0, R"({"op":"refund","hits":-1})").field, "hits");
    EXPECT_EQ(desk.ask(0, R"({"op":"release","resource":"storage_mb","hits":-1})").field, "hits");
    EXPECT_EQ(desk.ask(0, R"({"op":"set","resource":"storage_mb","value":-1})").field, "value");
    EXPECT_EQ(desk.ask(0, R"({"op":"set_limit","limit":-2})").field, "limit");
}

TEST(Quota, CountsNothingOfARequestThatIsRefused) {
    QuotaDesk desk(ten_a_minute());
    desk.ask(0, R"({"hits":8})");
    const std::string before = desk.image();
    EXPECT_EQ(desk.ask(0, R"({"hits":3})").reason, Reason::quota_exceeded);
    EXPECT_TRUE(desk.effect.empty());
    EXPECT_EQ(desk.image(), before);
    EXPECT_EQ(desk.ask(0, R"({"hits":2})").verdict, Verdict::allow);
}

TEST(Quota, SaysThatAFirstRequestIsTooLargeAndChangesNothing) {
    for (const char* algorithm : {"fixed", "sliding", "bucket"}) {
        QuotaDesk desk({{"api_calls", rule(algorithm, 10, "1m")}});
        const QuotaAnswer answer = desk.ask(0, R"({"hits":11})");
        EXPECT_EQ(answer.reason, Reason::exceeds_limit) << algorithm;
        EXPECT_EQ(answer.retry_after_ms, std::nullopt) << algorithm;
        EXPECT_EQ(desk.ask(0, R"({"hits":10})").verdict, Verdict::allow) << algorithm;
    }
}

TEST(Quota, GrantsWhatIsLeftOfAPartialRequest) {
    QuotaDesk desk(ten_a_minute());
    const QuotaAnswer some = desk.ask(0, R"({"hits":1000,"partial":true})");
    EXPECT_EQ(some.verdict, Verdict::allow);
    EXPECT_EQ(some.granted, 10);
    EXPECT_EQ(some.amount, 10);
    const QuotaAnswer none = desk.ask(1000, R"({"hits":1000,"partial":true})");
    EXPECT_EQ(none.reason, Reason::quota_exceeded);
    EXPECT_EQ(none.retry_after_ms, 59'000);
    EXPECT_EQ(none.granted, 0);
}

TEST(Quota, GrantsNothingOfAPartialRequestWhereTheLimitIsZero) {
    QuotaDesk desk({{"api_calls", rule("sliding", 0, "1m")}});
    const QuotaAnswer none = desk.ask(0, R"({"hits":5,"partial":true})");
    EXPECT_EQ(none.reason, Reason::quota_exceeded);
    EXPECT_EQ(none.retry_after_ms, std::nullopt);
}

TEST(Quota, IsExceededAtALimitOfZero) {
    for (const char* algorithm : {"fixed", "sliding", "bucket"}) {
        QuotaDesk desk({{"api_calls", rule(algorithm, 0, "1m")}});
        EXPECT_EQ(desk.ask(0, R"({"hits":0})").state, "exceeded");
        EXPECT_EQ(desk.ask(0, "{}").reason, Reason::exceeds_limit);
    }
}

TEST(Quota, DeniesAnUnknownResource) {
    QuotaDesk desk;
    for (const char* request : {R"({"resource":"x"})", R"({"op":"get","resource":"x"})",
                                R"({"op":"release","resource":"x"})"}) {
        const QuotaAnswer answer = desk.ask(0, request);
        EXPECT_EQ(answer.verdict, Verdict::deny) << request;
        EXPECT_EQ(answer.reason, Reason::unknown_resource) << request;
        EXPECT_EQ(answer.keys, R"({"resource":"x"})");
    }
}

TEST(Quota, RefusesAdminOpsOnAnUnknownResource) {
    QuotaDesk desk;
    for (const char* op : {"refund", "reset", "set_limit", "set"}) {
        const QuotaAnswer answer =
            desk.ask(0, std::string(R"({"resource":"x","hits":"?","op":")") + op + R"("})");
        EXPECT_EQ(answer.reason, Reason::bad_field) << op;
        EXPECT_EQ(answer.field, "resource") << op;
    }
}

TEST(Quota, RefusesOpsOfAnotherAlgorithm) {
    QuotaDesk desk;
    for (const char* request : {R"({"op":"release"})", R"({"op":"set","value":3})",
                                R"({"op":"refund","resource":"storage_mb"})"}) {
        const QuotaAnswer answer = desk.ask(0, request);
        EXPECT_EQ(answer.reason, Reason::bad_field) << request;
        EXPECT_EQ(answer.field, "op") << request;
    }
}

TEST(Quota, NeverRefundsAboveFull) {
    for (const char* algorithm : {"fixed", "sliding", "bucket"}) {
        QuotaDesk desk({{"api_calls", rule(algorithm, 2, "1m")}});
        desk.ask(0, R"({"hits":1})");
        EXPECT_EQ(desk.ask(0, R"({"op":"refund","hits":3})").verdict, Verdict::ok);
        EXPECT_EQ(desk.ask(0, R"({"hits":3})").reason, Reason::exceeds_limit);
        EXPECT_EQ(desk.ask(0, R"({"hits":2})").verdict, Verdict::allow);
    }
}

TEST(Quota, RefundsInTheCurrentWindowOnly) {
    QuotaDesk desk({{"api_calls", rule("sliding", 10, "1s")}});
    desk.ask(0, R"({"hits":10})");
    desk.ask(1000, R"({"op":"refund","hits":10})");
    EXPECT_EQ(desk.ask(1000, "{}").verdict, Verdict::deny);
}

TEST(Quota, ResetsTheUseAndKeepsTheOverride) {
    QuotaDesk desk(ten_a_minute());
    desk.ask(0, R"({"op":"set_limit","limit":20})");
    desk.ask(0, R"({"hits":15})");
    EXPECT_EQ(desk.ask(0, R"({"op":"reset"})").keys,
              R"({"resource":"api_calls","limit":20,"used":0,"remaining":20,"reset_ms":0})");
}

TEST(Quota, KeepsWhatIsUsedWhenALimitIsSet) {
    QuotaDesk desk(ten_a_minute());
    desk.ask(0, R"({"hits":8})");
    EXPECT_EQ(desk.ask(0, R"({"op":"set_limit","limit":5})").keys,
              R"({"resource":"api_calls","limit":5,"used":8,"remaining":0,"reset_ms":60000})");
    // A state never sticks: what the limit allows again is allowed again, and normal.
    EXPECT_EQ(desk.ask(0, R"({"op":"set_limit","limit":100})").state, "normal");
    EXPECT_EQ(desk.ask(0, "{}").state, "normal");
    EXPECT_EQ(desk.ask(0, R"({"op":"set_limit","limit":-1})").keys,
              R"({"resource":"api_calls","limit":10,"used":9,"remaining":1,"reset_ms":60000})");
}

TEST(Quota, KeepsWhatIsMissingFromABucketWhoseLimitIsSet) {
    QuotaDesk desk({{"api_calls", bucket(10, "1s", 10)}});
    desk.ask(0, R"({"hits":4})");
    EXPECT_EQ(desk.ask(0, R"({"op":"set_limit","limit":6})").keys,
              R"({"resource":"api_calls","limit":6,"used":4,"remaining":2,"reset_ms":667})");
    EXPECT_EQ(desk.ask(0, R"({"op":"set_limit","limit":3})").keys,
              R"({"resource":"api_calls","limit":3,"used":3,"remaining":0,"reset_ms":1000})");
    EXPECT_EQ(desk.ask(0, R"({"op":"set_limit","limit":3,"burst":8})").keys,
              R"({"resource":"api_calls","limit":8,"used":3,"remaining":5,"reset_ms":1000})");
    EXPECT_EQ(desk.ask(0, R"({"op":"set_limit","limit":-1,"burst":8})").field, "burst");
}

TEST(Quota, RefillsABucketAtTheOldRateUpToTheMomentOfItsNewLimit) {
    QuotaDesk desk({{"api_calls", bucket(10, "1s", 10)}});
    desk.ask(0, R"({"hits":10})");
    desk.ask(500, R"({"op":"set_limit","limit":1000,"burst":10})");
    EXPECT_EQ(desk.ask(500, R"({"hits":6})").verdict, Verdict::deny);
    EXPECT_EQ(desk.ask(500, R"({"hits":5})").verdict, Verdict::allow);
}

TEST(Quota, GetsEveryResourceAndTheWorstState) {
    QuotaDesk desk(ten_a_minute());
    desk.ask(0, R"({"op":"set_limit","resource":"storage_mb","limit":0})");
    const QuotaAnswer answer = desk.get(0);
    EXPECT_EQ(answer.verdict, Verdict::ok);
    EXPECT_TRUE(answer.look);
    EXPECT_EQ(answer.state, "exceeded");
    EXPECT_EQ(answer.keys,
              R"({"resources":{"api_calls":{"limit":10,"used":0,"remaining":10,"reset_ms":0,)"
              R"("overridden":false},"storage_mb":{"limit":0,"used":0,"remaining":0,)"
              R"("overridden":true}}})");
    EXPECT_EQ(desk.ask(0, R"({"op":"get","resource":"api_calls"})").keys,
              R"({"resources":{"api_calls":{"limit":10,"used":0,"remaining":10,"reset_ms":0,)"
              R"("overridden":false}}})");
    EXPECT_EQ(desk.ask(0, R"({"op":"get","resource":"api_calls"})").state, "normal");
}

TEST(Quota, WarnsAndReportsTheCrossingOnceOnTheWayUp) {
    QuotaDesk desk(ten_a_minute());
    EXPECT_EQ(desk.ask(0, R"({"hits":7})").event, std::nullopt);
    const QuotaAnswer warned = desk.ask(0, R"({"hits":1})");
    EXPECT_EQ(warned.state, "warning");
    EXPECT_EQ(warned.event, quota_warning);
    EXPECT_EQ(desk.ask(0, R"({"hits":1})").event, std::nullopt);
    EXPECT_EQ(desk.ask(0, R"({"hits":1})").event, quota_exceeded);
    EXPECT_EQ(desk.ask(0, R"({"hits":1})").event, std::nullopt);
    EXPECT_EQ(desk.ask(0, R"({"op":"refund","hits":1})").event, std::nullopt);
    EXPECT_EQ(desk.ask(0, R"({"hits":1})").event, quota_exceeded);
    EXPECT_EQ(desk.ask(60'000, R"({"hits":10})").event, quota_exceeded);
}

TEST(Quota, HasNothingToChangeForATenantItDoesNotKnow) {
    QuotaDesk desk;
    EXPECT_EQ(desk.ask(0, R"({"op":"release","resource":"storage_mb"})", no_tenant).verdict,
              Verdict::allow);
    EXPECT_TRUE(desk.effect.empty());
    EXPECT_EQ(desk.ask(0, R"({"hits":10001})", no_tenant).reason, Reason::exceeds_limit);
    EXPECT_TRUE(desk.effect.empty());
}

TEST(Quota, TellsTenantsApartAndForgetsOne) {
    QuotaDesk desk(ten_a_minute());
    desk.ask(0, R"({"hits":9})", 0);
    desk.ask(0, R"({"hits":4})", 3);
    desk.ask(0, R"({"op":"set_limit","limit":50})", 3);
    desk.quota.erase(3);
    EXPECT_TRUE(desk.quota.at_defaults(3, instant_from_ms(0)));
    EXPECT_EQ(desk.ask(0, R"({"hits":2})", 0).verdict, Verdict::deny);
    EXPECT_EQ(desk.ask(0, R"({"hits":10})", 3).verdict, Verdict::allow);
}

}  // namespace
}  // namespace flyball
