// The type `subscription`, asked as a stranger would: the table of states, every timed move at its
// edge, what is refused.

#include "tests/unit/governors/subscription_desk.h"

namespace flyball {
namespace {

TEST_F(SubscriptionTest, AllowsEachOpInItsStatesOnly) {
    struct Row {
        const char* state;
        const char* allowed;
    };
    const Row rows[] = {
        {"none", "start"},
        {"trialing", "paid pause cancel change_plan set_auto_renew"},
        {"active", "paid payment_failed pause cancel change_plan set_auto_renew"},
        {"past_due", "paid cancel change_plan set_auto_renew"},
        {"paused", "resume cancel change_plan set_auto_renew"},
        {"canceling", "resume cancel change_plan set_auto_renew"},
        {"canceled", "start"},
        {"expired", "start"},
    };
    for (const Row& row : rows) {
        for (const std::string name : {"start", "paid", "payment_failed", "pause", "resume",
                                       "cancel", "change_plan", "set_auto_renew"}) {
            SCOPED_TRACE(std::string(row.state) + " " + name);
            bring(row.state);
            const bool allowed =
                (" " + std::string(row.allowed) + " ").find(" " + name + " ") != std::string::npos;
            const Json reply = op(name.c_str(), {{"plan", "std"}, {"value", true}});
            if (allowed) {
                EXPECT_EQ(reply.at("decision"), "ok") << reply;
            } else {
                EXPECT_EQ(reply.at("reason"), "bad_field");
                EXPECT_EQ(reply.at("field"), "op");
                EXPECT_NE(reply.at("message").get<std::string>().find(row.state),
                          std::string::npos);
                EXPECT_EQ(state(), row.state);
            }
        }
    }
}

TEST_F(SubscriptionTest, ChecksByState) {
    struct Row {
        const char* state;
        const char* decision;
        const char* reason;
    };
    const Row rows[] = {{"none", "deny", "no_subscription"},
                        {"trialing", "allow", ""},
                        {"active", "allow", ""},
                        {"past_due", "allow", ""},
                        {"paused", "deny", "paused"},
                        {"canceling", "allow", ""},
                        {"canceled", "deny", "canceled"},
                        {"expired", "deny", "expired"}};
    for (const Row& row : rows) {
        SCOPED_TRACE(row.state);
        bring(row.state);
        EXPECT_EQ(check().at("decision"), row.decision);
        EXPECT_EQ(check().value("reason", ""), row.reason);
        const Json got = desk.ask({{"tenant", "acme"}, {"op", "get"}});
        EXPECT_EQ(got.at("decision"), std::string(row.state) == "none" ? "deny" : "ok");
    }
}

TEST_F(SubscriptionTest, EndsATrialIntoAPeriod) {
    const Json started = op("start");
    EXPECT_EQ(started.at("state"), "trialing");
    EXPECT_EQ(started.at("plan"), "std");
    EXPECT_EQ(started.at("days_left"), 5);
    EXPECT_EQ(started.at("period_left_ms"), 5 * day_ms);
    EXPECT_EQ(started.at("auto_renew"), true);
    desk.pass(Span{5 * day_ms - 1});
    EXPECT_EQ(check().at("days_left"), 1);
    EXPECT_EQ(state(), "trialing");
    desk.pass(Span{1});
    EXPECT_EQ(state(), "active");
    EXPECT_EQ(check().at("period_left_ms"), 10 * day_ms);
    EXPECT_EQ(check().at("unpaid_periods"), 1);
    EXPECT_EQ(told(), (std::vector<std::string>{"state_changed none trialing 0", "trial_ending 96",
                                                "state_changed trialing active 120"}));
}

TEST_F(SubscriptionTest, EndsATrialForGoodWithoutRenewal) {
    op("start");
    op("set_auto_renew", {{"value", false}});
    pass_days(5);
    EXPECT_EQ(state(), "expired");
}

TEST_F(SubscriptionTest, BeginsThePaidPeriodAtOnceInATrial) {
    op("start");
    pass_days(1);
    const Json paid = op("paid", {{"periods", 2}});
    EXPECT_EQ(paid.at("state"), "active");
    EXPECT_EQ(paid.at("period_left_ms"), 20 * day_ms);
    EXPECT_FALSE(paid.contains("unpaid_periods"));
}

TEST_F(SubscriptionTest, RenewsAtEachEnd) {
    op("start", {{"trial", false}});
    told();
    desk.pass(Span{10 * day_ms - 1});
    EXPECT_FALSE(check().contains("unpaid_periods"));
    desk.pass(Span{1});
    EXPECT_EQ(check().at("unpaid_periods"), 1);
    EXPECT_EQ(check().at("period_left_ms"), 10 * day_ms);
    pass_days(10);
    EXPECT_EQ(check().at("unpaid_periods"), 2);
    EXPECT_EQ(told(), (std::vector<std::string>{"period_ending 216", "subscription_renewed 240",
                                                "period_ending 456", "subscription_renewed 480"}));
    EXPECT_EQ(op("paid").at("unpaid_periods"), 1);
    const Json ahead = op("paid", {{"periods", 3}});
    EXPECT_FALSE(ahead.contains("unpaid_periods"));
    EXPECT_EQ(ahead.at("period_left_ms"), 30 * day_ms);
}

TEST_F(SubscriptionTest, ExpiresWhenTheGraceIsOver) {
    op("start", {{"trial", false}});
    op("set_auto_renew", {{"value", false}});
    pass_days(10);
    EXPECT_EQ(state(), "past_due");
    EXPECT_EQ(check().at("days_left"), 2);
    EXPECT_EQ(check().at("period_left_ms"), 0);
    desk.pass(Span{2 * day_ms - 1});
    EXPECT_EQ(check().at("decision"), "allow");
    desk.pass(Span{1});
    EXPECT_EQ(state(), "expired");
    EXPECT_EQ(op("start").at("state"), "trialing");
}

TEST_F(SubscriptionTest, BeginsThePeriodThatIsPaidLateAtTheLastEnd) {
    op("start", {{"trial", false}});
    op("set_auto_renew", {{"value", false}});
    pass_days(11);
    EXPECT_EQ(state(), "past_due");
    const Json paid = op("paid");
    EXPECT_EQ(paid.at("state"), "active");
    EXPECT_EQ(paid.at("period_left_ms"), 9 * day_ms);
}

TEST_F(SubscriptionTest, GivesGraceFromAFailedPayment) {
    op("start", {{"trial", false}});
    pass_days(3);
    EXPECT_EQ(op("payment_failed").at("days_left"), 2);
    EXPECT_EQ(check().at("unpaid_periods"), 1);
    pass_days(1);
    const Json paid = op("paid");
    EXPECT_EQ(paid.at("state"), "active");
    EXPECT_EQ(paid.at("period_left_ms"), 6 * day_ms);
    op("payment_failed");
    pass_days(2);
    EXPECT_EQ(state(), "expired");
}

TEST_F(SubscriptionTest, StandsStillWhilePaused) {
    op("start", {{"trial", false}});
    pass_days(4);
    const Json paused = op("pause");
    EXPECT_EQ(paused.at("period_left_ms"), 6 * day_ms);
    EXPECT_FALSE(paused.contains("period_end"));
    pass_days(100);
    EXPECT_EQ(state(), "paused");
    EXPECT_EQ(check().at("days_left"), 6);
    EXPECT_EQ(op("resume").at("period_left_ms"), 6 * day_ms);
    pass_days(6);
    EXPECT_EQ(check().at("period_left_ms"), 10 * day_ms);
    EXPECT_EQ(state(), "active");
}

TEST_F(SubscriptionTest, RunsOutWhenCanceled) {
    op("start", {{"trial", false}});
    EXPECT_EQ(op("cancel").at("state"), "canceling");
    pass_days(1);
    EXPECT_EQ(op("resume").at("state"), "active");
    op("cancel");
    desk.pass(Span{9 * day_ms - 1});
    EXPECT_EQ(state(), "canceling");
    desk.pass(Span{1});
    EXPECT_EQ(state(), "canceled");
    bring("canceling");
    EXPECT_EQ(op("cancel", {{"at_period_end", false}}).at("state"), "canceled");
    for (const char* from : {"paused", "past_due"}) {
        bring(from);
        EXPECT_EQ(op("cancel").at("state"), "canceled") << from;
    }
}

struct BoundedSubscription : SubscriptionTest {
    static Tree::Map raw() {
        Tree::Map raw = ten_days();
        raw["max_unpaid_periods"] = 2;
        return raw;
    }
    BoundedSubscription() : SubscriptionTest(raw()) {}
};

TEST_F(BoundedSubscription, StopsRenewingWithTooManyUnpaid) {
    op("start", {{"trial", false}});
    pass_days(20);
    EXPECT_EQ(check().at("unpaid_periods"), 2);
    desk.pass(Span{10 * day_ms - 1});
    EXPECT_EQ(state(), "active");
    desk.pass(Span{1});
    EXPECT_EQ(state(), "past_due");
    // One of two paid: active again, and at the end that has passed the next period has begun.
    const Json paid = op("paid");
    EXPECT_EQ(paid.at("state"), "active");
    EXPECT_EQ(paid.at("unpaid_periods"), 2);
    EXPECT_EQ(paid.at("period_left_ms"), 10 * day_ms);
}

TEST_F(SubscriptionTest, ChangesTermsFromTheNextPeriodOn) {
    op("start", {{"trial", false}});
    EXPECT_EQ(op("change_plan", {{"plan", "big"}}).at("plan"), "big");
    EXPECT_EQ(check().at("period_left_ms"), 10 * day_ms);
    pass_days(10);
    EXPECT_EQ(check().at("period_left_ms"), 20 * day_ms);
    pass_days(20);
    EXPECT_EQ(check().at("period_left_ms"), 20 * day_ms);
}

TEST_F(SubscriptionTest, KeepsThelastTermsOfAPlanThatIsGone) {
    op("start", {{"trial", false}, {"plan", "big"}});
    Tree without = desk.governor().rules().settings();
    without.map()->find("plans")->second.map()->erase("big");
    ASSERT_TRUE(desk.governor().configure({}, without, desk.now()).has_value());
    pass_days(20);
    EXPECT_EQ(check().at("period_left_ms"), 20 * day_ms);
    EXPECT_EQ(op("change_plan", {{"plan", "big"}}).at("field"), "plan");
}

TEST_F(SubscriptionTest, NeedsAClockToBegin) {
    desk.set_clock_known(false);
    EXPECT_EQ(op("start").at("reason"), "clock_unset");
    EXPECT_EQ(check().at("reason"), "no_subscription");
    desk.set_clock_known(true);
    op("start");
    desk.set_clock_known(false);
    EXPECT_EQ(op("paid").at("reason"), "clock_unset");
    EXPECT_EQ(check().at("decision"), "allow");
}

TEST_F(SubscriptionTest, RefusesWhatIsWrongInTheField) {
    EXPECT_EQ(op("start", {{"plan", "gold"}}).at("field"), "plan");
    EXPECT_EQ(op("start", {{"trial", 1}}).at("field"), "trial");
    op("start", {{"trial", false}});
    EXPECT_EQ(op("paid", {{"periods", 0}}).at("field"), "periods");
    EXPECT_EQ(op("paid", {{"periods", 1'000'000}}).at("field"), "periods");
    EXPECT_EQ(op("set_auto_renew").at("reason"), "missing_field");
    EXPECT_EQ(op("change_plan").at("reason"), "missing_field");
    EXPECT_EQ(check().at("period_left_ms"), 10 * day_ms);
}

}  // namespace
}  // namespace flyball
