#include "governors/subscription.h"

#include <algorithm>
#include <array>

#include "governors/subscription_image.h"
#include "schemas/expects.h"

namespace flyball {

namespace {

using State = SubscriptionState;

// Remembered ids hold an op's number (Command::op): append only.
enum SubscriptionOp : std::uint8_t {
    check,
    get,
    start,
    paid,
    payment_failed,
    pause,
    resume,
    cancel,
    change_plan,
    set_auto_renew,
};
constexpr std::array<Op, 10> table = {{{"check"},
                                       {"get"},
                                       {"start", true},
                                       {"paid", true},
                                       {"payment_failed", true},
                                       {"pause", true},
                                       {"resume", true},
                                       {"cancel", true},
                                       {"change_plan", true},
                                       {"set_auto_renew", true}}};
constexpr std::array<std::string_view, 5> own_fields = {"plan", "trial", "periods", "at_period_end",
                                                        "value"};
constexpr std::int64_t periods_max = 1'000'000;
constexpr std::int64_t day_ms = 86'400'000;

// Which A ops a state allows, and how that is said.
struct Allowed {
    State state;
    unsigned ops;  // a bit each
    std::string_view expected;
};
constexpr unsigned bits(std::initializer_list<SubscriptionOp> ops) {
    unsigned all = 0;
    for (const SubscriptionOp op : ops) {
        all |= 1U << op;
    }
    return all;
}
constexpr std::array<Allowed, 8> allowed_ops = {{
    {State::none, bits({start}), "start: the subscription's state is none"},
    {State::trialing, bits({paid, pause, cancel, change_plan, set_auto_renew}),
     "paid, pause, cancel, change_plan or set_auto_renew: the state is trialing"},
    {State::active, bits({paid, payment_failed, pause, cancel, change_plan, set_auto_renew}),
     "paid, payment_failed, pause, cancel, change_plan or set_auto_renew: the state is active"},
    {State::past_due, bits({paid, cancel, change_plan, set_auto_renew}),
     "paid, cancel, change_plan or set_auto_renew: the state is past_due"},
    {State::paused, bits({resume, cancel, change_plan, set_auto_renew}),
     "resume, cancel, change_plan or set_auto_renew: the state is paused"},
    {State::canceling, bits({resume, cancel, change_plan, set_auto_renew}),
     "resume, cancel, change_plan or set_auto_renew: the state is canceling"},
    {State::canceled, bits({start}), "start: the state is canceled"},
    {State::expired, bits({start}), "start: the state is expired"},
}};

const Allowed& allowed_in(State state) {
    return allowed_ops[static_cast<std::size_t>(state)];
}

Reason denial_of(State state) {
    switch (state) {
        case State::none: return Reason::no_subscription;
        case State::paused: return Reason::paused;
        case State::canceled: return Reason::canceled;
        case State::expired: return Reason::expired;
        case State::trialing:
        case State::active:
        case State::past_due:
        case State::canceling: break;
    }
    return Reason::none;
}

Judgement wrong(Reason reason, std::string_view field, std::string_view expected) {
    Judgement judgement;
    judgement.verdict = Verdict::error;
    judgement.reason = reason;
    judgement.field = field;
    judgement.expected = expected;
    return judgement;
}

std::int64_t days_up(Span span) {
    return (std::max<std::int64_t>(span.count(), 0) + day_ms - 1) / day_ms;
}

}  // namespace

std::span<const Op> SubscriptionRules::ops() const {
    return table;
}

std::span<const std::string_view> SubscriptionRules::field_names() const {
    return own_fields;
}

Newcomer SubscriptionRules::newcomer(const Command& command) const {
    return command.op == start ? Newcomer::enrols : Newcomer::judged;
}

void SubscriptionRules::read(Command& command, FieldReader& fields) const {
    switch (static_cast<SubscriptionOp>(command.op)) {
        case check:
        case get: command.look = true; break;
        case start:
            command.name = settings_.default_plan;
            fields.text("plan", 1, plan_name_bytes_max, command.name);
            command.flag = true;
            fields.boolean("trial", command.flag);
            break;
        case paid:
            command.amount = 1;
            fields.integer("periods", 1, periods_max, command.amount);
            break;
        case cancel:
            command.flag = true;
            fields.boolean("at_period_end", command.flag);
            break;
        case change_plan: fields.required_text("plan", 1, plan_name_bytes_max, command.name); break;
        case set_auto_renew:
            if (!fields.boolean("value", command.flag) && !fields.fault()) {
                fields.fail(Reason::missing_field, "value", "true or false");
            }
            break;
        case payment_failed:
        case pause:
        case resume: break;
    }
    const bool names_a_plan = command.op == start || command.op == change_plan;
    if (names_a_plan && !fields.fault() && settings_.find(command.name) == nullptr) {
        fields.fail(Reason::bad_field, "plan", "the name of a configured plan");
    }
}

Judgement SubscriptionRules::judge(const Case& asked, Effect& effect) const {
    effect.clear();
    const Subscription& before = subscription_of(asked.tenant);
    const auto op = static_cast<SubscriptionOp>(asked.command.op);
    Judgement judgement;  // the one that every return names, so that it is made where it stays
    judgement.state = to_text(before.state);
    if (asked.command.look) {
        const bool unknown = before.state == State::none;
        judgement.reason = op == check || unknown ? denial_of(before.state) : Reason::none;
        judgement.verdict = judgement.reason != Reason::none ? Verdict::deny
                            : op == check                    ? Verdict::allow
                                                             : Verdict::ok;
        return judgement;
    }
    const Allowed& allowed = allowed_in(before.state);
    if ((allowed.ops & 1U << op) == 0) {
        judgement = wrong(Reason::bad_field, "op", allowed.expected);
        return judgement;
    }
    if ((op == start || op == paid) && !asked.clock_known) {
        judgement = wrong(Reason::clock_unset, "op", "");
        return judgement;
    }
    Subscription after = before;
    if (!perform(asked, after)) {
        judgement = wrong(Reason::bad_field, "periods", "few enough to end before the year 10000");
        return judgement;
    }
    judgement.verdict = Verdict::ok;
    judgement.amount = asked.command.amount;
    judgement.state = to_text(after.state);
    put(before, after, effect);
    if (after.state != before.state) {
        effect.announce({.kind = EventKind::state_changed,
                         .from = to_text(before.state),
                         .to = to_text(after.state),
                         .at = asked.now});
    }
    return judgement;
}

bool SubscriptionRules::perform(const Case& asked, Subscription& after) const {
    const Command& command = asked.command;
    SubscriptionCourse course(settings_, after);
    const SubscriptionPlan* plan = settings_.find(command.name);
    switch (static_cast<SubscriptionOp>(command.op)) {
        case start:
            expects(plan != nullptr, "read() has seen the plan");
            course.start(*plan, command.flag, asked.now);
            break;
        case paid: return course.paid(command.amount, asked.now);
        case payment_failed: course.payment_failed(asked.now); break;
        case pause: course.pause(asked.now); break;
        case resume: course.resume(asked.now); break;
        case cancel: course.cancel(command.flag); break;
        case change_plan:
            expects(plan != nullptr, "read() has seen the plan");
            course.change_plan(*plan);
            break;
        case set_auto_renew: after.auto_renew = command.flag; break;
        case check:
        case get: break;
    }
    return true;
}

void SubscriptionRules::put(const Subscription& before, const Subscription& after,
                            Effect& effect) const {
    if (before != after) {
        encode(after, effect.begin_after());
        encode(before, effect.begin_before());
    }
}

std::optional<Instant> SubscriptionRules::due(TenantIndex tenant) const {
    Subscription copy = subscription_of(tenant);
    return SubscriptionCourse(settings_, copy).due();
}

void SubscriptionRules::pass_time(TenantIndex tenant, Instant now, Effect& effect) const {
    const Subscription& before = subscription_of(tenant);
    Subscription after = before;
    SubscriptionCourse(settings_, after).step(now, effect);
    put(before, after, effect);
}

void SubscriptionRules::write(Writer& writer, const Case& asked,
                              const Judgement* /*judgement*/) const {
    const Subscription& it = subscription_of(asked.tenant);
    if (it.state == State::none) {
        return;
    }
    writer.field("plan", it.plan.view());
    switch (it.state) {
        case State::trialing:
        case State::active:
        case State::canceling:
        case State::past_due: {
            const Span left = std::max(it.end - asked.now, Span{0});
            writer.field("period_end", to_ms(it.end));
            writer.field("period_left_ms", left.count());
            const bool grace = it.state == State::past_due;
            writer.field("days_left", days_up(grace ? it.grace_end - asked.now : left));
            break;
        }
        case State::paused:
            writer.field("period_left_ms", it.left.count());
            writer.field("days_left", days_up(it.left));
            break;
        case State::none:
        case State::canceled:
        case State::expired: break;
    }
    writer.field("auto_renew", it.auto_renew);
    if (it.unpaid > 0) {
        writer.field("unpaid_periods", it.unpaid);
    }
}

std::string_view SubscriptionRules::state(const Case& asked) const {
    return to_text(subscription_of(asked.tenant).state);
}

}  // namespace flyball
