// The type `subscription` over years: month ends, jumps, and that looking does not matter.

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "governors/subscription_image.h"
#include "tests/unit/governors/allocation_count.h"
#include "tests/unit/governors/subscription_desk.h"

namespace flyball {
namespace {

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

struct ManyUnpaidSubscription : SubscriptionTest {
    ManyUnpaidSubscription() : SubscriptionTest(raw()) {}
    static Tree::Map raw() {
        Tree::Map raw = ten_days();
        raw["max_unpaid_periods"] = 4'000;
        return raw;
    }
};

struct FewUnpaidSubscription : SubscriptionTest {
    FewUnpaidSubscription() : SubscriptionTest(raw()) {}
    static Tree::Map raw() {
        Tree::Map raw = ten_days();
        raw["max_unpaid_periods"] = 3;
        return raw;
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

TEST_F(ManyUnpaidSubscription, EndsInOneGraceHoweverManyPeriodsMayBeUnpaid) {
    op("start", {{"trial", false}});
    pass_days(10 * 4'001 - 1);
    EXPECT_EQ(check().at("unpaid_periods"), 4'000);
    EXPECT_EQ(state(), "active");
    pass_days(2);
    EXPECT_EQ(state(), "past_due");
    EXPECT_EQ(check().at("unpaid_periods"), 4'000);
    EXPECT_LT(desk.take_events().size(), 2'100U);
    pass_days(10 * 5'000);
    EXPECT_EQ(state(), "expired");
}

TEST_F(ManyUnpaidSubscription, CountsNoPeriodBeyondItsBoundAfterOneLongAbsence) {
    op("start", {{"trial", false}});
    pass_days(10 * 6'000);
    EXPECT_EQ(state(), "expired");
    EXPECT_EQ(check().at("unpaid_periods"), 4'000);
    EXPECT_EQ(told().back(), "state_changed past_due expired " + std::to_string(24 * (40'010 + 2)));
}

// However long it was off: few are all told.
TEST_F(FewUnpaidSubscription, TellsEveryRenewalUpToItsBound) {
    op("start", {{"trial", false}});
    pass_days(10 * 5'000);
    EXPECT_EQ(state(), "expired");
    const auto events = told();
    EXPECT_EQ(std::ranges::count_if(
                  events,
                  [](const std::string& text) { return text.starts_with("subscription_renewed"); }),
              3);
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

// Sums of what it says would overflow.
TEST(SubscriptionImage, KnowsNoNumberBeyondTheCalendar) {
    static constexpr std::int64_t beyond = subscription_bound_ms + 1;
    Subscription sound;
    sound.state = SubscriptionState::active;
    sound.plan = SmallText("std");
    sound.period = {.ms = 1};
    ByteBuffer bytes;
    EXPECT_TRUE(decode_subscription_image(encode(sound, bytes)).has_value());
    const auto taken = [&](auto change) {
        Subscription forged = sound;
        change(forged);
        return decode_subscription_image(encode(forged, bytes)).has_value();
    };
    EXPECT_FALSE(taken([](Subscription& it) { it.index = subscription_periods_max + 1; }));
    EXPECT_FALSE(taken([](Subscription& it) { it.unpaid = subscription_periods_max + 1; }));
    EXPECT_FALSE(taken([](Subscription& it) { it.grace = Span{beyond}; }));
    EXPECT_FALSE(taken([](Subscription& it) { it.left = Span{-beyond}; }));
    EXPECT_FALSE(taken([](Subscription& it) { it.anchor = instant_from_ms(-beyond); }));
    EXPECT_FALSE(taken([](Subscription& it) { it.end = instant_from_ms(INT64_MAX); }));
}

// From anything that is loaded, time and ops lead to what can be kept.
TEST(SubscriptionImage, HasRoomForWhatBecomesOfIt) {
    constexpr Instant bound = instant_from_ms(subscription_bound_ms);
    constexpr Instant now = instant_from_ms(1'800'000'000'000);
    const SubscriptionSettings settings;
    Subscription forged;
    forged.state = SubscriptionState::active;
    forged.plan = SmallText("gone");
    forged.period = {.ms = 1};
    forged.grace = Span{subscription_bound_ms};
    forged.anchor = instant_from_ms(-subscription_bound_ms);
    forged.index = forged.unpaid = subscription_periods_max;
    forged.left = Span{subscription_bound_ms};
    ByteBuffer bytes;
    const auto kept = [&](Subscription it, auto change) {
        EXPECT_TRUE(decode_subscription_image(encode(it, bytes)).has_value());
        SubscriptionCourse course(settings, it);
        change(course);
        return decode_subscription_image(encode(it, bytes)).has_value();
    };
    const auto step = [&](SubscriptionCourse& course) {
        Effect effect;
        course.step(now, effect);
    };
    EXPECT_TRUE(kept(forged, step));
    EXPECT_TRUE(kept(forged, [&](SubscriptionCourse& course) { course.payment_failed(now); }));
    forged.state = SubscriptionState::paused;
    forged.before = SubscriptionState::active;
    EXPECT_TRUE(kept(forged, [&](SubscriptionCourse& course) { course.resume(now); }));
    forged.state = SubscriptionState::active;
    forged.before = SubscriptionState::none;
    forged.auto_renew = false;
    forged.end = bound;
    EXPECT_TRUE(kept(forged, step));
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
