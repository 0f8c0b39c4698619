// The half of Governor that tells what it changed, and puts in place again what an earlier run
// told.

#include "governors/governor_state.h"

namespace flyball {

void Governor::note(Change change) const {
    if (changes_ == nullptr) {
        return;
    }
    change.governor = title_;
    change.policy_rev = policy_rev_;
    changes_->note(change);
}

std::uint64_t Governor::take_number() {
    if (numbers_.take()) [[unlikely]] {
        GovernorState::reserve(*this);
    }
    return numbers_.last();
}

void Governor::keep_part(const Part& part, Instant now) const {
    if (part.effect.empty()) {
        return;
    }
    note({.kind = Change::Kind::decision,
          .tenant = part.tenant_name,
          .enrolment = part.enrolled ? Change::Enrolment::automatic : Change::Enrolment::none,
          .seq = part.seq,
          .at = now,
          .asked = &part.command,
          .outcome = part.outcome(),
          .amount = part.judgement.amount,
          .in_history = part.seq != 0,
          .image = part.effect.after()});
}

bool GovernorState::apply(Governor& governor, const Change& change) {
    if (change.kind == Change::Kind::reserved) {
        governor.numbers_.seen_reserved(change.seq);
        return true;
    }
    TenantIndex tenant = governor.tenants_.find(change.tenant);
    if (change.kind == Change::Kind::removed) {
        if (tenant != no_tenant) {
            governor.remove(tenant);
        }
        return true;
    }
    if (tenant == no_tenant && change.enrolment != Change::Enrolment::none) {
        tenant = governor.enrol(change.tenant, change.enrolment == Change::Enrolment::automatic);
    }
    if (!change.image.empty()) {
        if (tenant == no_tenant || !governor.rules_->apply(tenant, change.image)) {
            return false;
        }
        governor.due_.set(tenant, governor.rules_->due(tenant));
    }
    if (change.seq != 0) {
        governor.numbers_.seen(change.seq);
    }
    if (change.in_history) {
        governor.events_.add({.seq = change.seq,
                              .at = change.at,
                              .tenant = tenant,
                              .outcome = change.outcome,
                              .amount = change.amount});
    }
    if (change.id != nullptr) {
        governor.ids_.add(*change.id, change.id_tag);
    }
    return true;
}

void GovernorState::skip_reserved(Governor& governor) {
    governor.numbers_.skip_reserved();
}

void GovernorState::reserve(Governor& governor) {
    governor.note({.kind = Change::Kind::reserved, .seq = governor.numbers_.renew()});
}

}  // namespace flyball
