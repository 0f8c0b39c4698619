// The type `subscription`, asked as a stranger would: the table of states, every timed move at its
// edge, month ends, and that looking does not matter.

#include "governors/subscription.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "tests/unit/governors/allocation_count.h"
#include "tests/unit/governors/asked_governor.h"

namespace flyball {
namespace {

constexpr std::int64_t day_ms = 86'400'000;

Tree plan(const char* period, const char* trial, const char* grace) {
    return Tree::Map{{"period", period}, {"trial", trial}, {"grace", grace}};
}

Tree::Map ten_days() {
    return {
        {"plans", Tree::Map{{"std", plan("10d", "5d", "2d")}, {"big", plan("20d", "0s", "1d")}}},
        {"notice", "1d"}};
}

struct SubscriptionTest : testing::Test {
    explicit SubscriptionTest(Tree::Map raw = ten_days())
        : desk("subscription", std::make_unique<SubscriptionRules>(), raw) {}
    Json op(const char* name, Json fields = Json::object()) {
        fields["tenant"] = "acme";
        fields["op"] = name;
        return desk.ask_admin(fields);
    }
    Json check() { return desk.ask({{"tenant", "acme"}}); }
    std::string state() { return check().at("state"); }
    void pass_days(double days) {
        desk.pass(Span{static_cast<std::int64_t>(days * static_cast<double>(day_ms))});
    }
    // Brings the subscription of a fresh tenant into `wanted`.
    void bring(const std::string& wanted) {
        op("forget");
        if (wanted == "none") {
            return;
        }
        op("start", {{"trial", wanted == "trialing" || wanted == "expired"}});
        if (wanted == "past_due") {
            op("payment_failed");
        } else if (wanted == "paused") {
            op("pause");
        } else if (wanted == "canceling") {
            op("cancel");
        } else if (wanted == "canceled") {
            op("cancel", {{"at_period_end", false}});
        } else if (wanted == "expired") {
            op("set_auto_renew", {{"value", false}});
            pass_days(5);
        }
        ASSERT_EQ(state(), wanted);
    }
    std::vector<std::string> told() {
        std::vector<std::string> all;
        for (const Json& event : desk.take_events()) {
            std::string text = event.at("event");
            if (event.contains("to")) {
                text += " " + event.at("from").get<std::string>() + " " +
                        event.at("to").get<std::string>();
            }
            all.push_back(text + " " + std::to_string(since(event.at("at"))));
        }
        return all;
    }
    std::int64_t since(std::int64_t ms) const { return (ms - begun) / (day_ms / 24); }  // hours
    AskedGovernor desk;
    std::int64_t begun = to_ms(desk.now());
};

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

struct MonthlySubscription : SubscriptionTest {
    MonthlySubscription()
        : SubscriptionTest(Tree::Map{{"plans", Tree::Map{{"std", plan("1mo", "0s", "1d")}}}}) {}
    void at(const char* date) {
        desk.pass(*parse_rfc3339(std::string(date) + "T12:00:00Z") - desk.now());
    }
    std::string end() {
        const std::int64_t ms = check().at("period_end");
        for (const char* date :
             {"2027-02-28", "2027-03-31", "2027-04-30", "2028-02-29", "2028-03-31"}) {
            if (to_ms(*parse_rfc3339(std::string(date) + "T12:00:00Z")) == ms) {
                return date;
            }
        }
        return std::to_string(ms);
    }
};

TEST_F(MonthlySubscription, EndsOnTheLastDayOfAShorterMonth) {
    at("2027-01-31");
    op("start");
    EXPECT_EQ(end(), "2027-02-28");
    at("2027-02-28");
    EXPECT_EQ(end(), "2027-03-31");
    at("2027-03-31");
    EXPECT_EQ(end(), "2027-04-30");
    at("2028-01-31");
    EXPECT_EQ(end(), "2028-02-29");
    at("2028-03-01");
    EXPECT_EQ(end(), "2028-03-31");
    EXPECT_EQ(check().at("unpaid_periods"), 13);
}

TEST_F(SubscriptionTest, CountsWhatPassedWhileItWasOffForVeryLong) {
    op("start", {{"trial", false}});
    pass_days(10 * 5'000 + 3);
    EXPECT_EQ(check().at("unpaid_periods"), 5'000);
    EXPECT_EQ(check().at("period_left_ms"), 7 * day_ms);
    EXPECT_LT(desk.take_events().size(), 2'100U);
}

// Whatever is asked when, looking in between changes nothing.
RC_GTEST_PROP(SubscriptionProperty, IsTheSameHoweverOftenItWasLookedAt, ()) {
    Tree::Map raw = ten_days();
    raw["max_unpaid_periods"] = *rc::gen::inRange(0, 4);
    (*raw["plans"].map())["monthly"] = plan("1mo", "1mo", "3d");
    AskedGovernor once("subscription", std::make_unique<SubscriptionRules>(), raw);
    AskedGovernor often("subscription", std::make_unique<SubscriptionRules>(), raw);
    static const char* const ops[] = {"start",  "paid",        "payment_failed", "pause", "resume",
                                      "cancel", "change_plan", "set_auto_renew", "start", "check"};
    static const char* const plans[] = {"std", "big", "monthly"};
    const int steps = *rc::gen::inRange(1, 40);
    for (int at = 0; at < steps; ++at) {
        Json request = {{"tenant", "acme"},
                        {"op", ops[*rc::gen::inRange(0, 10)]},
                        {"plan", plans[*rc::gen::inRange(0, 3)]},
                        {"trial", *rc::gen::arbitrary<bool>()},
                        {"value", *rc::gen::weightedElement<bool>({{3, true}, {1, false}})},
                        {"at_period_end", *rc::gen::arbitrary<bool>()},
                        {"periods", *rc::gen::inRange(1, 4)}};
        const std::int64_t gone = *rc::gen::inRange<std::int64_t>(0, 40 * day_ms);
        once.pass(Span{gone});
        for (std::int64_t left = gone; left > 0;) {
            const std::int64_t part =
                std::min(left, *rc::gen::inRange<std::int64_t>(1, 5 * day_ms));
            often.pass(Span{part});
            often.pass_time();
            left -= part;
        }
        RC_ASSERT(once.ask_admin(request) == often.ask_admin(request));
        RC_ASSERT(once.take_events() == often.take_events());
    }
    RC_ASSERT(once.governor().rebuild(std::make_unique<SubscriptionRules>(), once.now()));
    RC_ASSERT(once.ask({{"tenant", "acme"}}) == often.ask({{"tenant", "acme"}}));
}

// A reference that knows no steps: where the n-th period ends, counted by the calendar itself.
RC_GTEST_PROP(SubscriptionProperty, EndsWhereTheCalendarSays, ()) {
    AskedGovernor desk("subscription", std::make_unique<SubscriptionRules>(),
                       Tree::Map{{"plans", Tree::Map{{"std", plan("1mo", "0s", "1d")}}}});
    desk.pass(Span{*rc::gen::inRange<std::int64_t>(0, 4 * 366 * day_ms)});
    const auto begun = desk.now();
    const auto midnight = std::chrono::floor<std::chrono::days>(begun);
    const std::chrono::year_month_day date{midnight};
    desk.ask_admin({{"tenant", "acme"}, {"op", "start"}});
    desk.pass(Span{*rc::gen::inRange<std::int64_t>(0, 10 * 366 * day_ms)});
    const Json reply = desk.ask({{"tenant", "acme"}});
    int months = 0;
    Instant end = begun;
    while (end <= desk.now()) {
        ++months;
        auto day = date + std::chrono::months{months};
        if (!day.ok()) {
            day = day.year() / day.month() / std::chrono::last;
        }
        end = std::chrono::sys_days{day} + (begun - midnight);
    }
    RC_ASSERT(reply.at("period_end") == to_ms(end));
    RC_ASSERT(reply.value("unpaid_periods", 0) == months - 1);
}

TEST(SubscriptionSettings, NameTheKeyThatIsWrong) {
    const auto fault = [](Tree::Map map) {
        SubscriptionRules rules;
        const auto done = rules.configure(Tree(std::move(map)), Instant{});
        return done ? std::string()
                    : done.error().message.substr(0, done.error().message.find(':'));
    };
    const auto of_plan = [&](const char* key, Tree value) {
        return fault({{"plans", Tree::Map{{"a", Tree::Map{{key, std::move(value)}}}}}});
    };
    EXPECT_EQ(of_plan("period", "0s"), "plans.a.period");
    EXPECT_EQ(of_plan("period", "999ms"), "plans.a.period");
    EXPECT_EQ(of_plan("trial", 7), "plans.a.trial");
    EXPECT_EQ(of_plan("grace", "1mo"), "plans.a.grace");
    EXPECT_EQ(of_plan("price", 1), "plans.a.price");
    EXPECT_EQ(of_plan("period", "1s"), "");
    EXPECT_EQ(fault({{"plans", Tree::Map{{"a", 1}}}}), "plans.a");
    EXPECT_EQ(fault({{"default_plan", "a"}}), "default_plan");
    EXPECT_EQ(fault({{"auto_renew", 1}}), "auto_renew");
    EXPECT_EQ(fault({{"max_unpaid_periods", -1}}), "max_unpaid_periods");
    EXPECT_EQ(fault({{"notice", "1mo"}}), "notice");
    EXPECT_EQ(fault({{"plan", "a"}}), "plan");
    SubscriptionRules rules;
    const Tree settings = rules.settings();
    ASSERT_TRUE(rules.configure(settings, Instant{}).has_value());
    EXPECT_EQ(rules.settings(), settings);
}

TEST_F(SubscriptionTest, TakesNoDamagedImage) {
    op("start");
    SubscriptionRules other;
    other.enrol(0);
    desk.governor().rules().walk(0, [&](std::span<const std::byte> image) {
        for (std::size_t size = 0; size < image.size(); ++size) {
            EXPECT_FALSE(other.apply(0, image.first(size)));
        }
        EXPECT_FALSE(other.apply(1, image));
        EXPECT_TRUE(other.apply(0, image));
    });
}

TEST_F(SubscriptionTest, AllocatesNothingForACheck) {
    op("start");
    const SubscriptionRules& rules =
        dynamic_cast<const SubscriptionRules&>(desk.governor().rules());
    Effect effect;
    Writer writer;
    const auto ask = [&] {
        Command command;
        command.look = true;
        const Case asked{.command = command, .tenant = 0, .now = desk.now()};
        const Judgement judgement = rules.judge(asked, effect);
        writer.restart(Encoding::msgpack);
        writer.begin_map();
        rules.write(writer, asked, &judgement);
        writer.end_map();
    };
    ask();
    const std::uint64_t before = allocations_so_far();
    for (int i = 0; i < 1000; ++i) {
        ask();
    }
    EXPECT_EQ(allocations_so_far() - before, 0U);
}

}  // namespace
}  // namespace flyball
