#include "governors/subscription_course.h"

#include <algorithm>

#include "schemas/wide.h"

namespace flyball {

namespace {

using enum SubscriptionState;
// More events of one subscription than that would only push one another out.
constexpr std::int64_t periods_told_max = 1'000;
constexpr std::int64_t longest_month_ms = 31 * std::int64_t{86'400'000};

std::optional<Instant> within_calendar(Wide ms) {
    return ms > subscription_latest_ms
               ? std::nullopt
               : std::optional(instant_from_ms(static_cast<std::int64_t>(ms)));
}

// `from` and `count` durations on; nothing beyond the calendar.
std::optional<Instant> later(Instant from, const Duration& duration, std::int64_t count) {
    if (duration.months != 0) {
        const Wide months = Wide{duration.months} * count;
        constexpr Wide months_max = 12 * 10'000;
        if (months > months_max) {
            return std::nullopt;
        }
        return within_calendar(to_ms(add_months(from, static_cast<std::int64_t>(months))));
    }
    return within_calendar(Wide{to_ms(from)} + Wide{duration.ms} * count);
}

}  // namespace

std::string_view to_text(SubscriptionState state) {
    switch (state) {
        case none: return "none";
        case trialing: return "trialing";
        case active: return "active";
        case past_due: return "past_due";
        case paused: return "paused";
        case canceling: return "canceling";
        case canceled: return "canceled";
        case expired: return "expired";
    }
    return "";
}

bool SubscriptionCourse::has_end() const {
    return it_.state == trialing || it_.state == active || it_.state == canceling;
}

std::optional<Instant> SubscriptionCourse::due() const {
    if (it_.state == past_due) {
        return it_.grace_end;
    }
    if (!has_end()) {
        return std::nullopt;
    }
    return it_.noticed ? it_.end : std::min(notice_at(), it_.end);
}

void SubscriptionCourse::step(Instant now, Effect& effect) {
    if (it_.state == past_due) {
        turn(expired, it_.grace_end, effect);
        return;
    }
    const bool trial = it_.state == trialing || (it_.state == canceling && it_.before == trialing);
    if (!it_.noticed && notice_at() < it_.end) {
        it_.noticed = true;
        effect.announce({.kind = trial ? EventKind::trial_ending : EventKind::period_ending,
                         .at = notice_at()});
        return;
    }
    if (it_.state == canceling) {
        turn(canceled, it_.end, effect);
    } else if (it_.state == trialing) {
        end_trial(effect);
    } else {
        end_period(now, effect);
    }
}

void SubscriptionCourse::turn(SubscriptionState to, Instant at, Effect& effect) {
    effect.announce({.kind = EventKind::state_changed,
                     .from = to_text(it_.state),
                     .to = to_text(to),
                     .at = at});
    it_.state = to;
}

// A notice that would have been due before the end was set is not sent.
void SubscriptionCourse::set_end(Instant end, Instant since) {
    it_.end = end;
    it_.noticed = settings_.notice.count() == 0 || notice_at() <= since;
}

std::optional<Instant> SubscriptionCourse::boundary(std::int64_t index) const {
    return later(it_.anchor, it_.period, index);
}

// The terms of the next period: those that the plan has now, or, when it is gone, its last.
void SubscriptionCourse::take_terms() {
    if (const SubscriptionPlan* plan = settings_.find(it_.plan.view())) {
        it_.period = plan->period;
        it_.grace = plan->grace;
    }
}

// The first period of a row begins at `anchor`.
void SubscriptionCourse::begin_periods(Instant anchor) {
    it_.anchor = anchor;
    it_.index = 0;
    set_end(boundary(1).value_or(instant_from_ms(subscription_latest_ms)), anchor);
}

void SubscriptionCourse::begin_grace(Instant at) {
    it_.grace_end = std::min(at + it_.grace, instant_from_ms(subscription_bound_ms));
}

void SubscriptionCourse::add_unpaid(std::int64_t periods) {
    it_.unpaid = std::min(it_.unpaid + periods, subscription_periods_max);
}

void SubscriptionCourse::end_trial(Effect& effect) {
    const Instant at = it_.end;
    if (!it_.auto_renew) {
        turn(expired, at, effect);
        return;
    }
    turn(active, at, effect);
    take_terms();
    begin_periods(at);
    it_.unpaid = 1;
    it_.current_unpaid = true;
}

void SubscriptionCourse::end_period(Instant now, Effect& effect) {
    const Instant at = it_.end;
    const bool bounded = settings_.max_unpaid_periods > 0;
    const bool renews = it_.auto_renew && !(bounded && it_.unpaid >= settings_.max_unpaid_periods);
    if (!renews) {
        begin_grace(at);
        turn(past_due, at, effect);
        return;
    }
    const Duration period = it_.period;
    take_terms();
    add_unpaid(1);
    it_.current_unpaid = true;
    if (it_.period == period) {
        ++it_.index;
        skip_periods(now, bounded ? settings_.max_unpaid_periods - it_.unpaid : INT64_MAX);
        it_.index = std::min(it_.index, subscription_periods_max);
        const Instant last = instant_from_ms(subscription_latest_ms);
        set_end(boundary(it_.index + 1).value_or(last), boundary(it_.index).value_or(last));
    } else {
        begin_periods(at);
    }
    effect.announce({.kind = EventKind::subscription_renewed, .at = at});
}

// The node was off for very long: the oldest renewals are counted, not told.
void SubscriptionCourse::skip_periods(Instant now, std::int64_t most) {
    const Span gone = now - it_.end;
    const std::int64_t longest_ms =
        it_.period.months != 0 ? it_.period.months * longest_month_ms : it_.period.ms;
    const std::int64_t renewals = std::min(gone.count() / longest_ms, most);
    if (renewals > periods_told_max) {
        it_.index += renewals - periods_told_max;
        add_unpaid(renewals - periods_told_max);
    }
}

void SubscriptionCourse::start(const SubscriptionPlan& plan, bool trial, Instant now) {
    it_ = Subscription{};
    it_.auto_renew = settings_.auto_renew;
    it_.plan = SmallText(plan.name);
    it_.period = plan.period;
    it_.grace = plan.grace;
    if (trial && plan.has_trial()) {
        it_.state = trialing;
        set_end(later(now, plan.trial, 1).value_or(instant_from_ms(subscription_latest_ms)), now);
    } else {
        it_.state = active;
        begin_periods(now);
    }
}

bool SubscriptionCourse::paid(std::int64_t periods, Instant now) {
    if (it_.state == trialing) {
        const Subscription trial = it_;
        it_.state = active;
        take_terms();
        begin_periods(now);
        --periods;
        const auto end = boundary(1 + periods);
        if (!end) {
            it_ = trial;
            return false;
        }
        it_.index = periods;
        set_end(*end, now);
        return true;
    }
    const std::int64_t settled = std::min(periods, it_.unpaid);
    const std::int64_t ahead = periods - settled;
    const auto end = ahead == 0 ? it_.end : boundary(it_.index + 1 + ahead);
    if (!end) {
        return false;
    }
    it_.unpaid -= settled;
    // The oldest are settled first: the present one is the last.
    it_.current_unpaid = it_.current_unpaid && it_.unpaid > 0;
    if (ahead > 0) {
        it_.index += ahead;
        set_end(*end, now);
    }
    it_.state = active;
    return true;
}

void SubscriptionCourse::payment_failed(Instant now) {
    if (!it_.current_unpaid) {
        it_.current_unpaid = true;
        add_unpaid(1);
    }
    it_.state = past_due;
    begin_grace(now);
}

void SubscriptionCourse::pause(Instant now) {
    it_.before = it_.state;
    it_.state = paused;
    it_.left = it_.end - now;
}

void SubscriptionCourse::resume(Instant now) {
    if (it_.state == paused) {
        // The new end is the new anchor: the present period is the one before it.
        it_.anchor = std::min(now + it_.left, instant_from_ms(subscription_bound_ms));
        it_.index = -1;
        set_end(it_.anchor, now);
        it_.left = Span{0};
    }
    it_.state = it_.before;
    it_.before = none;
}

void SubscriptionCourse::cancel(bool at_period_end) {
    if (at_period_end && (it_.state == trialing || it_.state == active)) {
        it_.before = it_.state;
        it_.state = canceling;
    } else if (!(at_period_end && it_.state == canceling)) {
        it_.state = canceled;
        it_.before = none;
    }
}

}  // namespace flyball
