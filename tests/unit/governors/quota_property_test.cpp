// Properties of the quota's algorithms and of Quota as a whole, in random configurations.

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <chrono>
#include <vector>

#include "schemas/wide.h"
#include "tests/unit/governors/quota_desk.h"

namespace flyball {
namespace {

QuotaRule make_rule(QuotaAlgorithm algorithm, std::int64_t limit, std::int64_t window_ms,
                    std::int64_t burst) {
    QuotaRule made;
    made.algorithm = algorithm;
    made.limit = limit;
    made.window.ms = algorithm == QuotaAlgorithm::gauge ? 0 : window_ms;
    made.burst = burst;
    return made;
}

QuotaRule random_rule(const std::vector<QuotaAlgorithm>& algorithms) {
    return make_rule(*rc::gen::elementOf(algorithms), *rc::gen::inRange(0, 30),
                     *rc::gen::inRange(1, 400), *rc::gen::inRange(0, 30));
}

const std::vector<QuotaAlgorithm> timed = {QuotaAlgorithm::fixed, QuotaAlgorithm::sliding,
                                           QuotaAlgorithm::bucket};

QuotaMeter meter_at(const QuotaRule& rule, const QuotaSlot& slot, std::int64_t ms) {
    return {rule, {rule.limit, rule.burst}, slot, instant_from_ms(ms)};
}

struct Grant {
    std::int64_t ms;
    std::int64_t hits;
};

// Asks at random times for random hits; returns what was granted.
template <typename Look>
std::vector<Grant> ask_at_random(const QuotaRule& rule, const Look& look) {
    std::vector<Grant> granted;
    QuotaSlot slot;
    std::int64_t ms = *rc::gen::inRange(0, 1000);
    for (int step = *rc::gen::inRange(0, 80); step > 0; --step) {
        ms += *rc::gen::inRange(0, static_cast<int>(rule.window.ms) + 2);
        const std::int64_t hits = *rc::gen::inRange(0, 40);
        QuotaMeter meter = meter_at(rule, slot, ms);
        look(meter, slot, ms, hits);
        if (hits <= meter.remaining()) {
            meter.take(hits);
            slot = meter.slot();
            granted.push_back({ms, hits});
        }
    }
    return granted;
}

// A bucket as a list of grants, replayed one millisecond at a time: missing tokens as a fraction
// with the window as its denominator.
RC_GTEST_PROP(QuotaBucket, IsItsDefinitionReplayedMillisecondByMillisecond, ()) {
    const QuotaRule rule = make_rule(QuotaAlgorithm::bucket, *rc::gen::inRange(0, 30),
                                     *rc::gen::inRange(1, 60), *rc::gen::inRange(0, 30));
    std::int64_t missing = 0;
    std::int64_t clock = 0;
    ask_at_random(
        rule, [&](const QuotaMeter& meter, const QuotaSlot&, std::int64_t ms, std::int64_t hits) {
            for (; clock < ms; ++clock) {
                missing = std::max<std::int64_t>(0, missing - rule.limit);
            }
            const std::int64_t free = rule.burst * rule.window.ms - missing;
            RC_ASSERT(meter.remaining() == free / rule.window.ms);
            RC_ASSERT((hits <= meter.remaining()) == (hits * rule.window.ms <= free));
            if (hits * rule.window.ms <= free) {
                missing += hits * rule.window.ms;
            }
        });
}

RC_GTEST_PROP(QuotaBucket, GivesTheVerdictsOfTheGenericCellRateAlgorithm, ()) {
    const std::int64_t top = *rc::gen::element(100, 1'000'000'000);
    const QuotaRule rule = make_rule(
        QuotaAlgorithm::bucket, *rc::gen::inRange<std::int64_t>(1, top),
        *rc::gen::inRange<std::int64_t>(1, 2 * top), *rc::gen::inRange<std::int64_t>(1, top));
    const Wide limit = rule.limit;
    const Wide window = rule.window.ms;
    const Wide tolerance = window * rule.burst;
    Wide tat = 0;  // theoretical arrival time, scaled by the limit
    QuotaSlot slot;
    std::int64_t ms = 0;
    for (int step = 0; step < 60; ++step) {
        ms += *rc::gen::inRange<std::int64_t>(0, 2 * top);
        const std::int64_t hits = *rc::gen::inRange<std::int64_t>(1, rule.burst + 1);
        QuotaMeter meter = meter_at(rule, slot, ms);
        const Wide now = limit * ms;
        const Wide base = std::max(tat, now);
        const Wide next = base + window * hits;
        const bool allow = now >= next - tolerance;
        RC_ASSERT(meter.remaining() == (tolerance - (base - now)) / window);
        RC_ASSERT(meter.reset_ms() == (base - now + limit - 1) / limit);
        RC_ASSERT((hits <= meter.remaining()) == allow);
        if (allow) {
            meter.take(hits);
            slot = meter.slot();
            tat = next;
        } else {
            RC_ASSERT(meter.retry_after_ms(hits) == (next - tolerance - now + limit - 1) / limit);
        }
    }
}

RC_GTEST_PROP(Quota, NeverGrantsMoreThanABucketHolds, ()) {
    const QuotaRule rule = random_rule({QuotaAlgorithm::bucket});
    const auto granted = ask_at_random(rule, [](auto&&...) {});
    for (auto first = granted.begin(); first != granted.end(); ++first) {
        std::int64_t sum = 0;
        for (auto last = first; last != granted.end(); ++last) {
            sum += last->hits;
            RC_ASSERT(sum * rule.window.ms <=
                      rule.burst * rule.window.ms + rule.limit * (last->ms - first->ms));
        }
    }
}

RC_GTEST_PROP(Quota, NeverGrantsMoreThanAWindowAllows, ()) {
    const QuotaRule rule = random_rule({QuotaAlgorithm::fixed, QuotaAlgorithm::sliding});
    const std::int64_t window = rule.window.ms;
    std::vector<Grant> granted;
    const auto in_window = [&](std::int64_t number) {
        std::int64_t sum = 0;
        for (const Grant& grant : granted) {
            sum += grant.ms / window == number ? grant.hits : 0;
        }
        return sum;
    };
    ask_at_random(rule, [&](const QuotaMeter& meter, const QuotaSlot&, std::int64_t ms,
                            std::int64_t hits) {
        const std::int64_t number = ms / window;
        const std::int64_t previous =
            rule.algorithm == QuotaAlgorithm::sliding ? in_window(number - 1) : 0;
        const bool fits = previous * (window - ms % window) + (in_window(number) + hits) * window <=
                          rule.limit * window;
        RC_ASSERT((hits <= meter.remaining()) == fits);
        if (fits) {
            granted.push_back({ms, hits});
        }
    });
}

RC_GTEST_PROP(Quota, SaysExactlyHowLongToWait, ()) {
    const QuotaRule rule = random_rule(timed);
    ask_at_random(rule, [&](const QuotaMeter& meter, const QuotaSlot& slot, std::int64_t ms,
                            std::int64_t hits) {
        const auto retry = hits <= meter.remaining() ? std::nullopt : meter.retry_after_ms(hits);
        if (retry) {
            RC_ASSERT(*retry > 0);
            RC_ASSERT(meter_at(rule, slot, ms + *retry - 1).remaining() < hits);
            RC_ASSERT(meter_at(rule, slot, ms + *retry).remaining() >= hits);
        } else {
            const bool never = hits > meter.limit() ||
                               (rule.limit == 0 && rule.algorithm == QuotaAlgorithm::bucket);
            RC_ASSERT(hits <= meter.remaining() || never);
        }
    });
}

RC_GTEST_PROP(Quota, SaysExactlyWhenNothingIsUsed, ()) {
    const QuotaRule rule = random_rule(timed);
    ask_at_random(
        rule, [&](const QuotaMeter& meter, const QuotaSlot& slot, std::int64_t ms, std::int64_t) {
            const auto reset = meter.reset_ms();
            RC_ASSERT(meter.unused() == (reset == 0));
            if (reset && *reset > 0) {
                RC_ASSERT(!meter_at(rule, slot, ms + *reset - 1).unused());
                RC_ASSERT(meter_at(rule, slot, ms + *reset).unused());
            }
        });
}

// Month windows against a walk over the calendar, day by day.
RC_GTEST_PROP(QuotaWindow, FollowsTheCalendarFromItsAnchor, ()) {
    using namespace std::chrono;
    const sys_days anchor_day = sys_days{2019y / 1 / 1} + days{*rc::gen::inRange(0, 800)};
    const Instant anchor = anchor_day + Span{*rc::gen::inRange(0, 86'400'000)};
    const Duration length{.ms = 0, .months = *rc::gen::inRange(1, 15)};
    const Instant now =
        anchor + days{*rc::gen::inRange(-900, 3000)} + Span{*rc::gen::inRange(0, 86'400'000)};
    const year_month_day date{anchor_day};
    const auto boundary = [&](int number) {
        const year_month month = date.year() / date.month() + months{number * length.months};
        const auto last = (month / std::chrono::last).day();
        return Instant{sys_days{month / std::min(date.day(), last)}} + (anchor - anchor_day);
    };
    int number = -1000;
    while (boundary(number + 1) <= now) {
        ++number;
    }
    const Window window = window_at(length, anchor, now);
    RC_ASSERT(window.number == number);
    RC_ASSERT(window.begin == boundary(number));
    RC_ASSERT(window.end == boundary(number + 1));
}

// A request of any op on any of five resources.
std::string random_request() {
    const auto number = [](int low, int high) {
        return std::to_string(*rc::gen::inRange(low, high));
    };
    const std::string resource = *rc::gen::element<std::string>("api_calls", "b", "s", "g", "none");
    const std::string head = R"({"resource":")" + resource + R"(","op":)";
    switch (*rc::gen::inRange(0, 8)) {
        case 0: return head + R"("release","hits":)" + number(-1, 12) + "}";
        case 1: return head + R"("refund","hits":)" + number(0, 12) + "}";
        case 2: return head + R"("reset"})";
        case 3: return head + R"("set_limit","limit":)" + number(-1, 30) + "}";
        case 4:
            return head + R"("set_limit","limit":)" + number(0, 30) + R"(,"burst":)" +
                   number(0, 30) + "}";
        case 5: return head + R"("set","value":)" + number(0, 30) + "}";
        case 6: return head + R"("check","partial":true,"hits":)" + number(0, 30) + "}";
        default: return head + R"("check","hits":)" + number(0, 15) + "}";
    }
}

QuotaDesk random_desk() {
    return QuotaDesk({{"api_calls", rule("fixed", 10, "1s")},
                      {"b", bucket(7, "1s", 12)},
                      {"s", rule("sliding", 10, "700ms")},
                      {"g", gauge(20)}});
}

RC_GTEST_PROP(Quota, ChangesNothingWithADenialAndUndoesWhatItChanged, ()) {
    QuotaDesk desk = random_desk();
    std::int64_t ms = 0;
    for (int step = *rc::gen::inRange(0, 60); step > 0; --step) {
        ms += *rc::gen::inRange(0, 500);
        const auto tenant = static_cast<TenantIndex>(*rc::gen::inRange(0, 3));
        const std::string before = desk.image();
        const QuotaAnswer answer = desk.ask(ms, random_request(), tenant);
        const bool done = answer.verdict == Verdict::allow || answer.verdict == Verdict::ok;
        RC_ASSERT(done || desk.effect.empty());
        RC_ASSERT((desk.image() != before) == !desk.effect.empty());
        if (!desk.effect.empty() && *rc::gen::arbitrary<bool>()) {
            RC_ASSERT(desk.quota.apply(tenant, desk.effect.before()));
            RC_ASSERT(desk.image() == before);
        }
    }
}

RC_GTEST_PROP(Quota, DecidesTheSameWhenALogIsReplayed, ()) {
    QuotaDesk first = random_desk();
    QuotaDesk second = random_desk();
    std::int64_t ms = 0;
    for (int step = *rc::gen::inRange(0, 60); step > 0; --step) {
        ms += *rc::gen::inRange(0, 500);
        const auto tenant = static_cast<TenantIndex>(*rc::gen::inRange(0, 3));
        const std::string request = random_request();
        RC_ASSERT(first.ask(ms, request, tenant) == second.ask(ms, request, tenant));
        RC_ASSERT(first.image() == second.image());
    }
}

}  // namespace
}  // namespace flyball
