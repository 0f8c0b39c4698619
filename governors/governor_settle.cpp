// The half of Governor that comes after judging: numbers, counts, history, ids, records.

#include "governors/governor_entry.h"
#include "governors/whole.h"

namespace flyball {

void Governor::replay(Entry& entry, const RememberedId& remembered) {
    Decided& out = entry.out;
    out.own_keys = !entry.is_forget;
    out.from_memory = true;
    Reply& reply = out.reply;
    reply.verdict = remembered.outcome.verdict;
    reply.reason = remembered.outcome.reason;
    reply.would_deny = remembered.outcome.would_deny;
    reply.granted = remembered.granted;
    reply.seq = remembered.seq;
    reply.replayed = true;
    reply.at = entry.occasion.now;
    if (!entry.is_forget) {
        reply.state = rules_->state(case_of(out, entry.occasion.now));
    }
    if (reply.verdict == Verdict::deny || reply.would_deny) {
        reply.policy_rev = policy_rev_;
    }
    ++counts_.replayed;
}

void Governor::forget(Entry& entry) {
    Decided& out = entry.out;
    out.judgement.verdict = Verdict::ok;
    const bool forgets = !entry.request.dry_run && out.tenant != no_tenant;
    if (forgets && !entry.occasion.keeps) {
        refuse_unkept(entry);
        return;
    }
    if (!forgets) {
        settle(entry);
        return;
    }
    rules_->judge_forget(case_of(out, entry.occasion.now), entry.effect);
    done_whole([&] {
        put_in_place(out.tenant, entry.effect);
        remove(out.tenant);
        out.tenant = no_tenant;
        out.changed = true;
        settle(entry);
        note({.kind = Change::Kind::removed, .tenant = entry.tenant, .forgets = true});
        if (sink_ != nullptr) {
            sink_->raise({.kind = EventKind::tenant_forgotten,
                          .governor = title_,
                          .tenant = entry.tenant,
                          .seq = seq(),
                          .at = entry.occasion.now});
        }
    });
}

// Numbers the decision, counts it, and puts it where it is remembered.
void Governor::settle(Entry& entry) noexcept {
    Decided& out = entry.out;
    const Judgement& judgement = out.judgement;
    Reply& reply = out.reply;
    const bool denied = judgement.verdict == Verdict::deny;
    reply.would_deny = denied && settings_.mode == Mode::observe;
    reply.verdict = reply.would_deny ? Verdict::allow : judgement.verdict;
    reply.reason = judgement.reason;
    reply.retry_after_ms = judgement.retry_after_ms;
    reply.granted = judgement.granted;
    reply.seq = take_number();
    reply.at = entry.occasion.now;
    reply.state = judgement.state;
    if (judgement.state.empty() && !entry.is_forget) {
        rehearse(case_of(out, entry.occasion.now), out.rehearsed,
                 [&](const Case& asked) { reply.state = rules_->state(asked); });
    }
    out.own_keys = !entry.is_forget;
    if (denied) {
        reply.policy_rev = policy_rev_;
    }
    if (reply.dry_run) {
        return;
    }
    count(judgement);
    const RememberedId* id = out.command.look ? nullptr : remember(entry);
    if (changes_ != nullptr && (out.changed || id != nullptr)) {
        keep_record(entry, id);
    }
}

void Governor::count(const Judgement& judgement) {
    if (judgement.verdict == Verdict::deny) {
        ++counts_.deny;
        ++counts_.denied[static_cast<std::size_t>(judgement.reason)];
    } else {
        ++counts_.allow;
    }
}

// The id that was put into the ring, if one was; valid until the next.
const RememberedId* Governor::remember(Entry& entry) {
    const Decided& out = entry.out;
    const Outcome outcome{out.reply.verdict, out.reply.reason, out.reply.would_deny};
    events_.add({.seq = seq(),
                 .at = entry.occasion.now,
                 .tenant = out.tenant,
                 .outcome = outcome,
                 .amount = out.judgement.amount});
    const bool waiting_cures = out.reply.retry_after_ms.has_value();
    if (!entry.remembers || waiting_cures) {
        return nullptr;
    }
    newest_id_ = {.key = entry.id_key,
                  .fingerprint = fingerprint(out.command),
                  .seq = seq(),
                  .at = entry.occasion.now,
                  .outcome = outcome,
                  .granted = out.judgement.granted};
    ids_.add(newest_id_, ids_.tenant_tag(entry.tenant));
    return &newest_id_;
}

void Governor::keep_record(const Entry& entry, const RememberedId* id) const {
    const Decided& out = entry.out;
    note({.kind = Change::Kind::decision,
          .tenant = entry.tenant,
          .enrolment = entry.enrolment,
          .seq = seq(),
          .at = entry.occasion.now,
          .asked = &out.command,
          .outcome = {out.reply.verdict, out.reply.reason, out.reply.would_deny},
          .amount = out.judgement.amount,
          .in_history = true,
          .id = id,
          .id_tag = id != nullptr ? ids_.tenant_tag(entry.tenant) : 0,
          .image = entry.effect.after()});
}

}  // namespace flyball
