#include "governors/billing.h"

#include <algorithm>
#include <array>
#include <limits>

namespace flyball {

namespace {

// Remembered ids hold an op's number (Command::op): append only.
enum BillingOp : std::uint8_t {
    check,
    charge,
    hold,
    capture,
    release,
    get,
    topup,
    refund,
    set_overage,
    set_rate_limit,
    suspend,
    resume,
};
constexpr std::array<Op, 12> table = {{{"check"},
                                       {"charge"},
                                       {"hold"},
                                       {"capture"},
                                       {"release"},
                                       {"get"},
                                       {"topup", true},
                                       {"refund", true},
                                       {"set_overage", true},
                                       {"set_rate_limit", true},
                                       {"suspend", true},
                                       {"resume", true}}};
constexpr std::array<std::string_view, 4> own_fields = {"hold", "amount", "ttl_ms", "per_minute"};
// What moves money must not happen twice when a reply is lost.
constexpr std::array<std::string_view, 5> once_only = {"charge", "hold", "capture", "topup",
                                                       "refund"};
constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t ttl_default_ms = 60'000;
constexpr std::int64_t ttl_max_ms = 2'592'000'000;  // 30 days
constexpr std::int64_t all_of_it = -1;              // a capture that names no amount

}  // namespace

struct Billing::Turn {
    const Case& asked;
    const Account& account;
    BillingLedger before;
    BillingImage after;   // what will be
    BillingImage undone;  // what takes it back
};

std::span<const Op> Billing::ops() const {
    return table;
}

std::span<const std::string_view> Billing::field_names() const {
    return own_fields;
}

bool Billing::requires_id(std::string_view op) const {
    return settings_.require_id && std::ranges::find(once_only, op) != once_only.end();
}

Newcomer Billing::newcomer(const Command& command) const {
    if (table[command.op].admin) {
        return Newcomer::enrols;
    }
    const bool opens_or_asks = command.op == charge || command.op == hold || command.look;
    if (settings_.opening_credit == 0 || !opens_or_asks) {
        return Newcomer::unknown;
    }
    return command.look ? Newcomer::judged : Newcomer::enrols;
}

void Billing::read(Command& command, FieldReader& fields) const {
    const auto op = static_cast<BillingOp>(command.op);
    if (op == hold || op == capture || op == release) {
        fields.required_text("hold", 1, hold_name_bytes_max, command.name);
    }
    switch (op) {
        case check: fields.required_integer("amount", 0, most, command.amount); break;
        case charge:
        case hold:
        case topup:
        case refund: fields.required_integer("amount", 1, most, command.amount); break;
        case set_overage: fields.required_integer("amount", 0, most, command.amount); break;
        case capture:
            command.amount = all_of_it;
            fields.integer("amount", 0, most, command.amount);
            break;
        case set_rate_limit:
            fields.required_integer("per_minute", 0, billing_rate_max, command.amount);
            break;
        case release:
        case get:
        case suspend:
        case resume: break;
    }
    if (op == hold) {
        command.second = ttl_default_ms;
        fields.integer("ttl_ms", 1, ttl_max_ms, command.second);
    }
    command.look = op == check || op == get;
}

Judgement Billing::judge(const Case& asked, Effect& effect) const {
    effect.clear();
    Turn turn{.asked = asked,
              .account = account_of(asked.tenant),
              .before = ledger_of(asked.tenant),
              .after = {},
              .undone = {}};
    turn.after.ledger = turn.before;
    Judgement judgement;
    judgement.amount = std::max<std::int64_t>(asked.command.amount, 0);
    const bool admin = table[asked.command.op].admin;
    judgement.verdict = admin || asked.command.op == get ? Verdict::ok : Verdict::allow;
    if (admin) {
        if (!change_terms(turn)) {
            judgement.verdict = Verdict::error;
            judgement.reason = Reason::bad_field;
            judgement.field = "amount";
            judgement.expected = "small enough for the account's sums to fit 64 bits";
            return judgement;
        }
    } else {
        judgement.reason = judge_request(turn, judgement);
        if (judgement.reason != Reason::none) {
            judgement.verdict = Verdict::deny;
            return judgement;
        }
    }
    if (!asked.command.look) {
        finish(turn, asked.now, effect);
        judgement.state = turn.after.ledger.state();
    }
    return judgement;
}

// What an R op is denied for, in the order of docs/protocol.md; nothing: it may pass.
Reason Billing::judge_request(Turn& turn, Judgement& judgement) const {
    const auto op = static_cast<BillingOp>(turn.asked.command.op);
    if (op == get) {
        return Reason::none;
    }
    if (op == capture || op == release) {
        const Reason reason = judge_old_hold(turn);
        judgement.amount = turn.after.ledger.charged - turn.before.charged;
        return reason;
    }
    if (turn.before.suspended) {
        return Reason::suspended;
    }
    if (op == hold) {
        if (const Reason reason = judge_new_hold(turn); reason != Reason::none) {
            return reason;
        }
    }
    return judge_spending(turn, judgement);
}

Reason Billing::judge_spending(Turn& turn, Judgement& judgement) const {
    const Command& command = turn.asked.command;
    BillingLedger& ledger = turn.after.ledger;
    const std::int64_t available = ledger.available(settings_);
    if (command.amount > available || !ledger.can_count(command.amount)) {
        if (command.amount > available) {
            const bool fits = available >= 0 || command.amount <= most + available;
            judgement.short_by = fits ? command.amount - available : most;
        }
        return Reason::insufficient_credit;
    }
    if (command.op == check) {
        return Reason::none;
    }
    const std::int64_t per_minute = ledger.rate(settings_);
    ledger.refill(per_minute, turn.asked.now);
    if (const auto wait_ms = ledger.take_token(per_minute)) {
        judgement.retry_after_ms = wait_ms;
        return Reason::rate_limited;
    }
    if (command.op == charge) {
        ledger.charged += command.amount;
    } else {
        ledger.held += command.amount;
    }
    return Reason::none;
}

// Whether there is room for another name; an expired one may have to give up its place.
Reason Billing::judge_new_hold(Turn& turn) const {
    const Command& command = turn.asked.command;
    const Hold* same = find(turn.account, command.name);
    if (same != nullptr && !same->expired) {
        return Reason::hold_exists;
    }
    turn.after.add({.put = true,
                    .expired = false,
                    .name = command.name,
                    .amount = command.amount,
                    .end = turn.asked.now + Span{command.second}});
    if (same != nullptr) {
        turn.undone.add(put_back(*same));
        return Reason::none;
    }
    turn.undone.add({.put = false, .expired = false, .name = command.name});
    if (turn.account.holds.size() < holds_max) {
        return Reason::none;
    }
    const Hold* oldest = nullptr;
    for (const Hold& old : turn.account.holds) {
        if (old.expired && (oldest == nullptr || old.end < oldest->end)) {
            oldest = &old;
        }
    }
    if (oldest == nullptr) {
        return Reason::too_many_holds;
    }
    turn.after.add({.put = false, .expired = false, .name = oldest->name});
    turn.undone.add(put_back(*oldest));
    return Reason::none;
}

Reason Billing::judge_old_hold(Turn& turn) const {
    const Command& command = turn.asked.command;
    const Hold* found = find(turn.account, command.name);
    if (found == nullptr) {
        return Reason::unknown_hold;
    }
    if (found->expired) {
        return Reason::hold_expired;
    }
    BillingLedger& ledger = turn.after.ledger;
    if (command.op == capture) {
        const std::int64_t amount = command.amount == all_of_it ? found->amount : command.amount;
        if (amount > found->amount) {
            return Reason::exceeds_hold;
        }
        ledger.charged += amount;
    }
    ledger.held -= found->amount;
    turn.after.add({.put = false, .expired = false, .name = found->name});
    turn.undone.add(put_back(*found));
    return Reason::none;
}

// An A op; false: its result would not fit.
bool Billing::change_terms(Turn& turn) const {
    const Command& command = turn.asked.command;
    BillingLedger& ledger = turn.after.ledger;
    switch (static_cast<BillingOp>(command.op)) {
        case topup:
        case refund:
            if (!ledger.fits(command.amount, ledger.overage.value_or(settings_.overage))) {
                return false;
            }
            ledger.credited += command.amount;
            break;
        case set_overage:
            if (!ledger.fits(0, command.amount)) {
                return false;
            }
            ledger.overage = command.amount;
            break;
        case set_rate_limit:
            ledger.refill(ledger.rate(settings_), turn.asked.now);
            ledger.rate_limit = command.amount;
            break;
        case suspend: ledger.suspended = true; break;
        case resume: ledger.suspended = false; break;
        case check:
        case charge:
        case hold:
        case capture:
        case release:
        case get: break;
    }
    return true;
}

// The images of a change, and what it announces.
void Billing::finish(Turn& turn, Instant at, Effect& effect) const {
    BillingLedger& ledger = turn.after.ledger;
    const bool low = ledger.available(settings_) < settings_.low_at;
    const bool falls = low && !ledger.low;
    ledger.low = low;
    if (ledger == account_of(turn.asked.tenant).ledger && turn.after.change_count == 0) {
        return;
    }
    if (ledger.gone == 0) {
        ledger.bucket_at = {};  // a full bucket has no past, in memory as in an image
    }
    if (turn.after.change_count == 0) {
        after_ = ledger;
        encode(turn.after, effect.begin_after(++stamp_));
    } else {
        encode(turn.after, effect.begin_after());
    }
    if (turn.asked.undoable) {
        turn.undone.ledger = account_of(turn.asked.tenant).ledger;
        encode(turn.undone, effect.begin_before());
    }
    if (ledger.state() != turn.before.state()) {
        effect.announce({.kind = EventKind::state_changed,
                         .from = turn.before.state(),
                         .to = ledger.state(),
                         .at = at});
    }
    if (falls) {
        effect.announce({.kind = EventKind::credit_low, .at = at});
    }
}

std::optional<Instant> Billing::due(TenantIndex tenant) const {
    const Hold* first = first_to_end(account_of(tenant));
    return first == nullptr ? std::nullopt : std::optional(first->end);
}

// One hold ends: its name stays, its amount is free.
void Billing::pass_time(TenantIndex tenant, Instant /*now*/, Effect& effect) const {
    const Account& account = account_of(tenant);
    const Hold* ending = first_to_end(account);
    const Command none;
    const Case asked{.command = none, .tenant = tenant};
    Turn turn{
        .asked = asked, .account = account, .before = account.ledger, .after = {}, .undone = {}};
    turn.after.ledger = account.ledger;
    turn.after.ledger.held -= ending->amount;
    BillingHoldChange change = put_back(*ending);
    turn.undone.add(change);
    change.expired = true;
    turn.after.add(change);
    finish(turn, ending->end, effect);
    effect.announce({.kind = EventKind::hold_expired, .subject = ending->name, .at = ending->end});
}

void Billing::write(Writer& writer, const Case& asked, const Judgement* judgement) const {
    const BillingLedger ledger = ledger_of(asked.tenant);
    const Account& account = account_of(asked.tenant);
    if (!asked.command.name.empty()) {
        writer.field("hold", asked.command.name);
        const Hold* held = find(account, asked.command.name);
        if (held != nullptr && !held->expired) {
            writer.field("expires_in_ms", (held->end - asked.now).count());
        }
    }
    const bool known = answered(asked.tenant);
    if (known) {
        writer.field("balance", ledger.balance());
        writer.field("held", ledger.held);
        writer.field("available", ledger.available(settings_));
    }
    writer.field("currency", std::string_view(settings_.currency));
    writer.field("scale", settings_.scale);
    if (judgement != nullptr && judgement->short_by) {
        writer.field("short_by", *judgement->short_by);
    }
    if (asked.command.op == get && known) {
        writer.field("opening", ledger.opening);
        writer.field("charged_total", ledger.charged);
        writer.field("credited_total", ledger.credited);
        write_holds(writer, account, asked.now);
    }
}

void Billing::write_holds(Writer& writer, const Account& account, Instant now) const {
    writer.key("holds");
    writer.begin_array();
    for (const Hold& open : account.holds) {
        if (!open.expired) {
            writer.begin_map();
            writer.field("name", std::string_view(open.name));
            writer.field("amount", open.amount);
            writer.field("expires_in_ms", (open.end - now).count());
            writer.end_map();
        }
    }
    writer.end_array();
}

std::string_view Billing::state(const Case& asked) const {
    return answered(asked.tenant) ? ledger_of(asked.tenant).state() : std::string_view();
}

}  // namespace flyball
