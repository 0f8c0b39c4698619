// What always holds of an account, whatever is asked of it, in random order and time.

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <limits>
#include <map>

#include "governors/billing.h"
#include "tests/unit/governors/asked_governor.h"

namespace flyball {
namespace {

struct Step {
    Json request;
    bool admin = false;
    std::int64_t pass_ms = 0;
};

rc::Gen<std::int64_t> amounts() {
    return rc::gen::weightedOneOf<std::int64_t>(
        {{8, rc::gen::inRange<std::int64_t>(0, 60)},
         {1, rc::gen::just(std::numeric_limits<std::int64_t>::max())},
         {1, rc::gen::just(std::numeric_limits<std::int64_t>::max() / 2)}});
}

rc::Gen<Step> steps() {
    return rc::gen::apply(
        [](int op, std::int64_t amount, int name, std::int64_t ttl, std::int64_t pass_ms) {
            static const char* const ops[] = {"check",   "charge",         "hold",   "capture",
                                              "release", "topup",          "refund", "set_overage",
                                              "suspend", "set_rate_limit", "resume", "get"};
            Step step;
            const std::string text = ops[op];
            step.request = {{"tenant", "acme"}, {"op", text}};
            step.admin = op >= 5 && op <= 10;
            step.pass_ms = pass_ms;
            if (text == "set_rate_limit") {
                step.request["per_minute"] = amount % 50;
            } else if (text != "release" && text != "suspend" && text != "resume" &&
                       text != "get") {
                step.request["amount"] = amount;
            }
            if (text == "hold" || text == "capture" || text == "release") {
                step.request["hold"] = "h" + std::to_string(name);
            }
            if (text == "hold") {
                step.request["ttl_ms"] = ttl;
            }
            return step;
        },
        rc::gen::inRange(0, 12), amounts(), rc::gen::inRange(0, 5),
        rc::gen::inRange<std::int64_t>(1, 3000), rc::gen::inRange<std::int64_t>(0, 2000));
}

std::string images(AskedGovernor& desk) {
    std::string all;
    if (desk.governor().tenants() > 0) {
        desk.governor().rules().walk(0, [&](std::span<const std::byte> image) {
            all.append(reinterpret_cast<const char*>(image.data()), image.size()).append("|");
        });
    }
    return all;
}

Tree::Map terms() {
    return {{"require_id", false}, {"opening_credit", 100}, {"rate_limit", 60}, {"overage", 20}};
}

Json perform(AskedGovernor& desk, const Step& step) {
    desk.pass(Span{step.pass_ms});
    return step.admin ? desk.ask_admin(step.request) : desk.ask(step.request);
}

RC_GTEST_PROP(BillingProperty, BalancesAfterAnySequence, ()) {
    AskedGovernor desk("billing", std::make_unique<Billing>(), terms());
    for (const Step& step : *rc::gen::container<std::vector<Step>>(steps())) {
        desk.pass(Span{step.pass_ms});
        desk.pass_time();
        const std::string before = images(desk);
        const Json reply = step.admin ? desk.ask_admin(step.request) : desk.ask(step.request);
        const bool changed = images(desk) != before;
        if (reply.at("decision") == "deny" || reply.at("decision") == "error") {
            RC_ASSERT(!changed);
        }
        const Json all = desk.ask({{"tenant", "acme"}, {"op", "get"}});
        const auto number = [&](const char* key) { return all.at(key).get<std::int64_t>(); };
        RC_ASSERT(number("balance") ==
                  number("opening") + number("credited_total") - number("charged_total"));
        std::int64_t held = 0;
        for (const Json& hold : all.at("holds")) {
            held += hold.at("amount").get<std::int64_t>();
            RC_ASSERT(hold.at("expires_in_ms").get<std::int64_t>() > 0);
        }
        RC_ASSERT(number("held") == held);
        const std::string op = step.request.at("op");
        if (reply.at("decision") == "allow" && (op == "charge" || op == "hold")) {
            RC_ASSERT(number("available") >= 0);
        }
        if (reply.contains("short_by")) {
            RC_ASSERT(reply.at("short_by").get<std::int64_t>() > 0);
        }
    }
}

RC_GTEST_PROP(BillingProperty, DecidesTheSameAgain, ()) {
    const auto log = *rc::gen::container<std::vector<Step>>(steps());
    AskedGovernor one("billing", std::make_unique<Billing>(), terms());
    AskedGovernor other("billing", std::make_unique<Billing>(), terms());
    for (const Step& step : log) {
        const Json first = perform(one, step);
        // The other looks at the clock more often.
        other.pass_time();
        RC_ASSERT(perform(other, step) == first);
    }
    RC_ASSERT(images(one) == images(other));
    RC_ASSERT(one.governor().rebuild(std::make_unique<Billing>(), one.now()));
    RC_ASSERT(images(one) == images(other));
}

RC_GTEST_PROP(BillingProperty, TakesBackWhatAnAdmitDidNotKeep, ()) {
    AskedGovernor desk("billing", std::make_unique<Billing>(), terms());
    for (const Step& step : *rc::gen::container<std::vector<Step>>(steps())) {
        perform(desk, step);
    }
    desk.pass_time();  // a part's judging passes it too, and that stays
    Governor& governor = desk.governor();
    const std::string before = images(desk);
    const std::size_t tenants = governor.tenants();
    Part part;
    part.tenant_name = "acme";
    part.command.op = 1;
    part.command.amount = *rc::gen::inRange<std::int64_t>(1, 100);
    governor.judge_part(part, {.now = desk.now()});
    governor.take_back(part);
    RC_ASSERT(images(desk) == before);
    RC_ASSERT(governor.tenants() == tenants);
}

// No window of any length sees more than a bucket and what time brought.
RC_GTEST_PROP(BillingProperty, NeverChargesFasterThanItsRate, ()) {
    const std::int64_t per_minute = *rc::gen::inRange<std::int64_t>(1, 200);
    Tree::Map raw = terms();
    raw["rate_limit"] = per_minute;
    raw["opening_credit"] = 1'000'000'000;
    AskedGovernor desk("billing", std::make_unique<Billing>(), raw);
    std::vector<std::int64_t> charged_at;
    std::int64_t now = 0;
    for (const std::int64_t pass_ms :
         *rc::gen::container<std::vector<std::int64_t>>(rc::gen::inRange<std::int64_t>(0, 1500))) {
        now += pass_ms;
        desk.pass(Span{pass_ms});
        const Json reply = desk.ask({{"tenant", "a"}, {"op", "charge"}, {"amount", 1}});
        if (reply.at("decision") == "allow") {
            charged_at.push_back(now);
        } else {
            RC_ASSERT(reply.at("reason") == "rate_limited");
        }
    }
    for (std::size_t from = 0; from < charged_at.size(); ++from) {
        for (std::size_t to = from; to < charged_at.size(); ++to) {
            const std::int64_t span_ms = charged_at[to] - charged_at[from];
            const auto count = static_cast<std::int64_t>(to - from + 1);
            RC_ASSERT(count * 60'000 <= per_minute * 60'000 + span_ms * per_minute);
        }
    }
}

}  // namespace
}  // namespace flyball
