// The type `billing`, asked as a stranger would: every op, denial and state.

#include "governors/billing.h"

#include <gtest/gtest.h>

#include <limits>

#include "governors/billing_image.h"
#include "governors/image_bytes.h"
#include "tests/unit/governors/allocation_count.h"
#include "tests/unit/governors/asked_governor.h"

namespace flyball {
namespace {

constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();

struct BillingTest : testing::Test {
    explicit BillingTest(Tree::Map raw = {{"require_id", false}, {"rate_limit", 0}})
        : desk("billing", std::make_unique<Billing>(), raw) {}
    Json ask(Json request) {
        request["tenant"] = "acme";
        return desk.ask(request);
    }
    Json admin(Json request) {
        request["tenant"] = "acme";
        return desk.ask_admin(request);
    }
    Json charge(std::int64_t amount) { return ask({{"op", "charge"}, {"amount", amount}}); }
    Json hold(const char* name, std::int64_t amount, std::int64_t ttl_ms = 60'000) {
        return ask({{"op", "hold"}, {"hold", name}, {"amount", amount}, {"ttl_ms", ttl_ms}});
    }
    Json topup(std::int64_t amount) { return admin({{"op", "topup"}, {"amount", amount}}); }
    Json get() { return ask({{"op", "get"}}); }
    AskedGovernor desk;
};

TEST_F(BillingTest, OpensAnAccountByItsFirstAdminOp) {
    for (const char* op : {"check", "charge"}) {
        const Json reply = ask({{"op", op}, {"amount", 1}});
        EXPECT_EQ(reply.at("reason"), "unknown_tenant") << op;
        EXPECT_FALSE(reply.contains("balance"));
    }
    EXPECT_EQ(get().at("reason"), "unknown_tenant");
    EXPECT_EQ(ask({{"op", "release"}, {"hold", "h"}}).at("reason"), "unknown_tenant");
    EXPECT_EQ(hold("h", 1).at("reason"), "unknown_tenant");
    EXPECT_EQ(desk.governor().tenants(), 0U);
    const Json opened = topup(500);
    EXPECT_EQ(opened.at("decision"), "ok");
    EXPECT_EQ(opened.at("balance"), 500);
    EXPECT_EQ(opened.at("currency"), "USD");
    EXPECT_EQ(opened.at("scale"), 2);
    EXPECT_EQ(opened.at("state"), "active");
}

TEST_F(BillingTest, RehearsesWithTheBalanceThatTheRealChargeLeaves) {
    topup(100);
    Json rehearsed =
        ask({{"op", "hold"}, {"hold", "h"}, {"amount", 60}, {"ttl_ms", 60'000}, {"dry_run", true}});
    EXPECT_EQ(rehearsed.at("held"), 60);
    EXPECT_EQ(rehearsed.at("available"), 40);
    EXPECT_EQ(get().at("available"), 100);
    EXPECT_EQ(get().at("holds").size(), 0U);
    desk.take_events();
    desk.pass(Span(61'000));
    desk.pass_time();
    EXPECT_TRUE(desk.take_events().empty()) << "a rehearsed hold never expires";
}

TEST_F(BillingTest, ChargesWhatIsAvailable) {
    topup(100);
    EXPECT_EQ(charge(60).at("balance"), 40);
    const Json denied = charge(41);
    EXPECT_EQ(denied.at("reason"), "insufficient_credit");
    EXPECT_EQ(denied.at("short_by"), 1);
    EXPECT_EQ(denied.at("balance"), 40);
    EXPECT_EQ(charge(40).at("available"), 0);
    EXPECT_EQ(ask({{"amount", 1}}).at("decision"), "deny");
    EXPECT_EQ(ask({{"amount", 0}}).at("decision"), "allow");
    const Json all = get();
    EXPECT_EQ(all.at("charged_total"), 100);
    EXPECT_EQ(all.at("credited_total"), 100);
    EXPECT_EQ(all.at("opening"), 0);
}

TEST_F(BillingTest, HoldsCapturesAndReleases) {
    topup(100);
    const Json held = hold("job-1", 70);
    EXPECT_EQ(held.at("held"), 70);
    EXPECT_EQ(held.at("available"), 30);
    EXPECT_EQ(held.at("expires_in_ms"), 60'000);
    EXPECT_EQ(hold("job-1", 1).at("reason"), "hold_exists");
    EXPECT_EQ(charge(31).at("short_by"), 1);
    EXPECT_EQ(ask({{"op", "capture"}, {"hold", "job-1"}, {"amount", 71}}).at("reason"),
              "exceeds_hold");
    const Json captured = ask({{"op", "capture"}, {"hold", "job-1"}, {"amount", 50}});
    EXPECT_EQ(captured.at("balance"), 50);
    EXPECT_EQ(captured.at("held"), 0);
    EXPECT_EQ(ask({{"op", "capture"}, {"hold", "job-1"}}).at("reason"), "unknown_hold");
    hold("job-2", 50);
    EXPECT_EQ(ask({{"op", "release"}, {"hold", "job-2"}}).at("available"), 50);
    hold("job-3", 50);
    EXPECT_EQ(ask({{"op", "capture"}, {"hold", "job-3"}}).at("balance"), 0);
    hold("job-4", 1);
    EXPECT_EQ(get().at("holds"), Json::array());
}

TEST_F(BillingTest, FreesAHoldAtItsEnd) {
    topup(100);
    hold("h", 100, 1000);
    desk.pass(Span{999});
    desk.pass_time();
    EXPECT_EQ(ask({{"amount", 1}}).at("decision"), "deny");
    ASSERT_EQ(get().at("holds").size(), 1U);
    EXPECT_EQ(get().at("holds").at(0),
              (Json{{"name", "h"}, {"amount", 100}, {"expires_in_ms", 1}}));
    desk.take_events();
    desk.pass(Span{1});
    EXPECT_EQ(ask({{"amount", 100}}).at("decision"), "allow");
    const auto events = desk.take_events();
    ASSERT_EQ(events.size(), 1U);
    EXPECT_EQ(events[0].at("event"), "hold_expired");
    EXPECT_EQ(events[0].at("hold"), "h");
    EXPECT_EQ(events[0].at("at"), to_ms(desk.now()));
    EXPECT_EQ(ask({{"op", "capture"}, {"hold", "h"}}).at("reason"), "hold_expired");
    EXPECT_EQ(ask({{"op", "release"}, {"hold", "h"}}).at("reason"), "hold_expired");
    EXPECT_EQ(hold("h", 10).at("decision"), "allow");
}

TEST_F(BillingTest, BoundsTheHoldsOfAnAccount) {
    topup(10'000);
    for (std::size_t at = 0; at < Billing::holds_max; ++at) {
        EXPECT_EQ(
            hold(("h" + std::to_string(at)).c_str(), 1, at == 5 ? 10 : 1'000 + static_cast<int>(at))
                .at("decision"),
            "allow");
    }
    EXPECT_EQ(hold("more", 1).at("reason"), "too_many_holds");
    desk.pass(Span{10});
    EXPECT_EQ(hold("more", 1).at("decision"), "allow");  // in place of h5, which ran out
    EXPECT_EQ(ask({{"op", "release"}, {"hold", "h5"}}).at("reason"), "unknown_hold");
    EXPECT_EQ(hold("again", 1).at("reason"), "too_many_holds");
    EXPECT_EQ(get().at("held"), Billing::holds_max);
}

TEST_F(BillingTest, DeniesTheSuspendedButEndsItsHolds) {
    topup(100);
    hold("a", 10);
    hold("b", 10, 1000);
    EXPECT_EQ(admin({{"op", "suspend"}}).at("state"), "suspended");
    EXPECT_EQ(charge(1).at("reason"), "suspended");
    EXPECT_EQ(ask({{"amount", 1}}).at("reason"), "suspended");
    EXPECT_EQ(hold("c", 1).at("reason"), "suspended");
    EXPECT_EQ(ask({{"op", "capture"}, {"hold", "a"}}).at("decision"), "allow");
    desk.pass(Span{1000});
    EXPECT_EQ(get().at("held"), 0);
    EXPECT_EQ(admin({{"op", "resume"}}).at("state"), "active");
    EXPECT_EQ(charge(90).at("balance"), 0);
}

TEST_F(BillingTest, GoesBelowZeroAsFarAsTheOverage) {
    topup(10);
    EXPECT_EQ(admin({{"op", "set_overage"}, {"amount", 5}}).at("available"), 15);
    const Json below = charge(12);
    EXPECT_EQ(below.at("balance"), -2);
    EXPECT_EQ(below.at("state"), "overage");
    EXPECT_EQ(charge(4).at("short_by"), 1);
    EXPECT_EQ(admin({{"op", "set_overage"}, {"amount", 0}}).at("available"), -2);
    EXPECT_EQ(charge(1).at("short_by"), 3);
    EXPECT_EQ(admin({{"op", "refund"}, {"amount", 2}}).at("state"), "active");
}

TEST_F(BillingTest, RefusesSumsThatDoNotFit) {
    EXPECT_EQ(topup(most).at("decision"), "ok");
    EXPECT_EQ(topup(1).at("field"), "amount");
    EXPECT_EQ(admin({{"op", "refund"}, {"amount", 1}}).at("reason"), "bad_field");
    EXPECT_EQ(admin({{"op", "set_overage"}, {"amount", 1}}).at("reason"), "bad_field");
    EXPECT_EQ(hold("h", most).at("decision"), "allow");
    EXPECT_EQ(ask({{"op", "capture"}, {"hold", "h"}}).at("balance"), 0);
    EXPECT_EQ(admin({{"op", "set_overage"}, {"amount", most}}).at("available"), most);
    const Json denied = charge(1);
    EXPECT_EQ(denied.at("reason"), "insufficient_credit");
    EXPECT_FALSE(denied.contains("short_by"));
    EXPECT_EQ(get().at("charged_total"), most);
}

// What is held comes back: a sum that fits only as long as it is held does not fit.
TEST_F(BillingTest, RefusesSumsThatWouldNotFitOnceAHoldEnds) {
    topup(100);
    EXPECT_EQ(hold("h", 100).at("decision"), "allow");
    EXPECT_EQ(admin({{"op", "set_overage"}, {"amount", most}}).at("field"), "amount");
    EXPECT_EQ(admin({{"op", "set_overage"}, {"amount", most - 100}}).at("available"), most - 100);
    EXPECT_EQ(topup(100).at("field"), "amount");
    EXPECT_EQ(ask({{"op", "release"}, {"hold", "h"}}).at("available"), most);
    EXPECT_EQ(get().at("balance"), 100);
}

TEST_F(BillingTest, RefusesWhatIsWrongInTheField) {
    topup(1);
    EXPECT_EQ(ask({{"op", "charge"}}).at("reason"), "missing_field");
    EXPECT_EQ(charge(0).at("field"), "amount");
    EXPECT_EQ(charge(-1).at("field"), "amount");
    EXPECT_EQ(ask({{"amount", -1}}).at("field"), "amount");
    EXPECT_EQ(ask({{"op", "hold"}, {"amount", 1}}).at("field"), "hold");
    EXPECT_EQ(hold("h", 1, 0).at("field"), "ttl_ms");
    EXPECT_EQ(hold("h", 1, 2'592'000'001).at("field"), "ttl_ms");
    EXPECT_EQ(ask({{"op", "capture"}, {"hold", "h"}, {"amount", -1}}).at("field"), "amount");
    EXPECT_EQ(topup(0).at("field"), "amount");
    EXPECT_EQ(admin({{"op", "set_rate_limit"}, {"per_minute", -1}}).at("field"), "per_minute");
    EXPECT_EQ(ask({{"op", "topup"}, {"amount", 1}}).at("reason"), "not_permitted");
}

struct LimitedBilling : BillingTest {
    LimitedBilling()
        : BillingTest({{"require_id", false},
                       {"rate_limit", 3},
                       {"opening_credit", 1000},
                       {"low_at", 900}}) {}
};

TEST_F(LimitedBilling, TakesATokenOnlyOfWhatWouldPass) {
    EXPECT_EQ(charge(2000).at("reason"), "insufficient_credit");
    EXPECT_EQ(charge(1).at("decision"), "allow");
    EXPECT_EQ(hold("h", 1).at("decision"), "allow");
    EXPECT_EQ(charge(2000).at("reason"), "insufficient_credit");
    EXPECT_EQ(charge(1).at("decision"), "allow");
    const Json denied = charge(1);
    EXPECT_EQ(denied.at("reason"), "rate_limited");
    EXPECT_EQ(denied.at("retry_after_ms"), 20'000);
    EXPECT_EQ(ask({{"amount", 1}}).at("decision"), "allow");  // a question takes none
    EXPECT_EQ(ask({{"op", "capture"}, {"hold", "h"}}).at("decision"), "allow");
    desk.pass(Span{19'999});
    EXPECT_EQ(charge(1).at("retry_after_ms"), 1);
    desk.pass(Span{1});
    EXPECT_EQ(charge(1).at("decision"), "allow");
    EXPECT_EQ(charge(1).at("reason"), "rate_limited");
    admin({{"op", "set_rate_limit"}, {"per_minute", 0}});
    EXPECT_EQ(charge(1).at("decision"), "allow");
}

TEST_F(LimitedBilling, OpensWithItsCreditAndAnswersQuestionsBefore) {
    EXPECT_EQ(get().at("balance"), 1000);
    EXPECT_EQ(ask({{"amount", 1000}}).at("decision"), "allow");
    EXPECT_EQ(ask({{"op", "capture"}, {"hold", "h"}}).at("reason"), "unknown_tenant");
    EXPECT_EQ(charge(1001).at("short_by"), 1);
    EXPECT_EQ(desk.governor().tenants(), 0U);
    EXPECT_EQ(charge(1).at("balance"), 999);
    EXPECT_EQ(get().at("opening"), 1000);
    EXPECT_EQ(desk.governor().tenants(), 1U);
}

TEST_F(LimitedBilling, TellsOnceThatCreditIsLow) {
    charge(100);
    EXPECT_TRUE(desk.take_events().empty());
    charge(1);
    auto events = desk.take_events();
    ASSERT_EQ(events.size(), 1U);
    EXPECT_EQ(events[0].at("event"), "credit_low");
    charge(1);
    EXPECT_TRUE(desk.take_events().empty());
    topup(500);
    EXPECT_TRUE(desk.take_events().empty());
    desk.pass(Span{60'000});
    charge(500);
    EXPECT_EQ(desk.take_events().size(), 1U);
}

struct CarefulBilling : BillingTest {
    CarefulBilling() : BillingTest({{"opening_credit", 100}}) {}
};

TEST_F(CarefulBilling, NeedsAnIdForWhatMovesMoney) {
    for (const char* op : {"charge", "hold", "capture"}) {
        const Json reply = ask({{"op", op}, {"amount", 1}, {"hold", "h"}});
        EXPECT_EQ(reply.at("reason"), "missing_field") << op;
        EXPECT_EQ(reply.at("field"), "id");
    }
    EXPECT_EQ(topup(1).at("field"), "id");
    EXPECT_EQ(ask({{"amount", 1}}).at("decision"), "allow");
    EXPECT_EQ(admin({{"op", "suspend"}}).at("decision"), "ok");
}

TEST_F(CarefulBilling, ChargesOnceForAnId) {
    const Json once = {{"op", "charge"}, {"amount", 30}, {"id", 7}};
    const Json first = ask(once);
    const Json again = ask(once);
    EXPECT_EQ(again.at("replayed"), true);
    EXPECT_EQ(again.at("seq"), first.at("seq"));
    EXPECT_EQ(again.at("balance"), 70);
    const Json denied = ask({{"op", "charge"}, {"amount", 71}, {"id", 8}});
    EXPECT_EQ(denied.at("short_by"), 1);
    admin({{"op", "topup"}, {"amount", 100}, {"id", 9}});
    const Json still = ask({{"op", "charge"}, {"amount", 71}, {"id", 8}});
    EXPECT_EQ(still.at("reason"), "insufficient_credit");
    EXPECT_EQ(still.at("replayed"), true);
    EXPECT_FALSE(still.contains("short_by"));
}

TEST_F(BillingTest, RebuildsFromItsImagesAndTakesNoDamagedOne) {
    topup(1000);
    admin({{"op", "set_overage"}, {"amount", 10}});
    admin({{"op", "set_rate_limit"}, {"per_minute", 5}});
    charge(10);
    hold("a", 20);
    hold("b", 30, 5);
    desk.pass(Span{5});
    Json before = get();
    Billing other;
    other.enrol(0);
    desk.governor().rules().walk(0, [&](std::span<const std::byte> image) {
        for (std::size_t size = 0; size < image.size(); ++size) {
            EXPECT_FALSE(other.apply(0, image.first(size)));
        }
        EXPECT_FALSE(other.apply(1, image));
    });
    ASSERT_TRUE(desk.governor().rebuild(std::make_unique<Billing>(), desk.now()));
    Json after = get();
    after["seq"] = before.at("seq");
    EXPECT_EQ(after, before);
    EXPECT_EQ(ask({{"op", "capture"}, {"hold", "b"}}).at("reason"), "hold_expired");
}

// Sums of what it says would overflow.
TEST(BillingImage, KnowsNoInstantAndNoSumWithoutRoom) {
    ByteBuffer bytes;
    BillingImage image{.ledger = {.open = true, .charged = 10}};
    image.ledger.gone = 1;
    image.ledger.bucket_at = instant_from_ms(-stored_ms_max);
    EXPECT_TRUE(decode_billing_image(encode(image, bytes)).has_value());
    image.ledger.bucket_at = instant_from_ms(std::numeric_limits<std::int64_t>::min());
    EXPECT_FALSE(decode_billing_image(encode(image, bytes)).has_value());
    image.ledger.gone = 0;
    image.add({.put = true, .name = "a", .amount = 1, .end = instant_from_ms(stored_ms_max)});
    EXPECT_TRUE(decode_billing_image(encode(image, bytes)).has_value());
    image.changes[0].end = instant_from_ms(most);
    EXPECT_FALSE(decode_billing_image(encode(image, bytes)).has_value());

    Billing rules;
    rules.enrol(0);
    image.changes[0] = {.put = true, .name = "a", .amount = most - 11};
    EXPECT_TRUE(rules.apply(0, encode(image, bytes)));
    image.changes[0] = {.put = true, .name = "b", .amount = 2};
    EXPECT_FALSE(rules.apply(0, encode(image, bytes))) << "more is held than can be charged";
    image.changes[0].name = "c";
    image.changes[0].amount = most;
    EXPECT_FALSE(rules.apply(0, encode(image, bytes)));
}

TEST(BillingLedger, BalancesWhereOnlyTheWholeSumFits) {
    const BillingLedger ledger{.opening = most, .charged = most, .credited = most};
    EXPECT_EQ(ledger.balance(), most);
}

TEST(BillingSettings, NameTheKeyThatIsWrong) {
    const auto fault = [](Tree::Map map) {
        Billing rules;
        const auto done = rules.configure(Tree(std::move(map)), Instant{});
        return done ? std::string()
                    : done.error().message.substr(0, done.error().message.find(':'));
    };
    EXPECT_EQ(fault({{"scale", 19}}), "scale");
    EXPECT_EQ(fault({{"opening_credit", -1}}), "opening_credit");
    EXPECT_EQ(fault({{"overage", "1"}}), "overage");
    EXPECT_EQ(fault({{"overage", most}, {"opening_credit", 1}}), "overage");
    EXPECT_EQ(fault({{"rate_limit", 1'000'000'001}}), "rate_limit");
    EXPECT_EQ(fault({{"currency", "usd"}}), "currency");
    EXPECT_EQ(fault({{"require_id", 1}}), "require_id");
    EXPECT_EQ(fault({{"credit", 1}}), "credit");
    EXPECT_EQ(fault({{"currency", "EUR"}, {"scale", 0}, {"low_at", 5}}), "");
}

TEST_F(BillingTest, AllocatesNothingForACharge) {
    topup(1'000'000);
    Billing& rules = const_cast<Billing&>(dynamic_cast<const Billing&>(desk.governor().rules()));
    Effect effect;
    Writer writer;
    const auto ask_once = [&] {
        Command command;
        command.op = 1;
        command.amount = 3;
        const Case asked{.command = command, .tenant = 0, .now = desk.now()};
        const Judgement judgement = rules.judge(asked, effect);
        expects(rules.apply(0, effect.after()));
        writer.restart(Encoding::msgpack);
        writer.begin_map();
        rules.write(writer, asked, &judgement);
        writer.end_map();
    };
    ask_once();
    const std::uint64_t before = allocations_so_far();
    for (int i = 0; i < 1000; ++i) {
        ask_once();
    }
    EXPECT_EQ(allocations_so_far() - before, 0U);
}

}  // namespace
}  // namespace flyball
