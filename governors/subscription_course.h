#pragma once
// The course of one subscription: what ops and time make of it (docs/protocol.md, subscription).
// Pure: a value, the terms, an instant. Periods end at anchor + k periods, the day clamped to the
// month's end, never at "the last end + a period": a month from 31 January ends on the last day of
// February and the next on 31 March.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "governors/effect.h"
#include "governors/small_text.h"
#include "governors/subscription_settings.h"
#include "schemas/time.h"

namespace flyball {

// Stored: append only.
enum class SubscriptionState : std::uint8_t {
    none,
    trialing,
    active,
    past_due,
    paused,
    canceling,
    canceled,
    expired,
};
std::string_view to_text(SubscriptionState state);

// The last millisecond of the year 9999: no period ends later.
inline constexpr std::int64_t subscription_latest_ms = 253'402'300'799'999;
// Nothing that a subscription has is further from 1970, a grace after the last period included: far
// from overflow. A forged state may begin there, and goes no further.
inline constexpr std::int64_t subscription_bound_ms = 2 * subscription_latest_ms;
// No period is shorter than a millisecond.
inline constexpr std::int64_t subscription_periods_max = 2 * subscription_bound_ms;

struct Subscription {
    SubscriptionState state = SubscriptionState::none;
    SubscriptionState before = SubscriptionState::none;  // of paused and canceling
    bool auto_renew = true;
    bool noticed = false;         // of the coming end
    bool current_unpaid = false;  // the present period is among the unpaid ones
    SmallText plan;
    // The terms of the present period; later ones have their plan's.
    Duration period{};
    Span grace{0};
    Instant anchor{};
    std::int64_t index = 0;   // of the present period, counted from the anchor
    Instant end{};            // of the trial or the present period
    Instant grace_end{};      // in past_due
    Span left{0};             // in paused: of the trial or the period
    std::int64_t unpaid = 0;  // periods

    bool operator==(const Subscription&) const = default;
};

class SubscriptionCourse {
public:
    // Works on `subscription` in place.
    SubscriptionCourse(const SubscriptionSettings& settings, Subscription& subscription)
        : settings_(settings), it_(subscription) {}

    // When time next changes it or a notice is due.
    std::optional<Instant> due() const;
    // The first thing that was due at or before `now`, announced as of then.
    void step(Instant now, Effect& effect);

    // Ops; the caller has seen that the state allows them.
    void start(const SubscriptionPlan& plan, bool trial, Instant now);
    bool paid(std::int64_t periods, Instant now);  // false: no calendar reaches so far
    void payment_failed(Instant now);
    void pause(Instant now);
    void resume(Instant now);
    void cancel(bool at_period_end);
    void change_plan(const SubscriptionPlan& plan) { it_.plan = SmallText(plan.name); }

private:
    bool has_end() const;
    Instant notice_at() const { return it_.end - settings_.notice; }
    std::optional<Instant> boundary(std::int64_t index) const;
    void set_end(Instant end, Instant since);
    void begin_periods(Instant anchor);
    void begin_grace(Instant at);
    void add_unpaid(std::int64_t periods);
    void take_terms();
    void end_trial(Effect& effect);
    void end_period(Instant now, Effect& effect);
    void skip_periods(Instant now, std::int64_t most);
    void turn(SubscriptionState to, Instant at, Effect& effect);

    const SubscriptionSettings& settings_;
    Subscription& it_;
};

}  // namespace flyball
