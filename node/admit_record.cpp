// The half of Admit that tells what it keeps of its own, and puts it in place again: numbers and
// ids. What its parts changed their governors tell.

#include "node/admit.h"

namespace flyball {

void Admit::take_number() {
    if (numbers_.take() && changes_ != nullptr) {
        changes_->note(
            Change{.kind = Change::Kind::reserved, .governor = title, .seq = numbers_.renew()});
    }
}

void Admit::remember(const RememberedId& id) {
    const std::uint32_t tag = ids_.tenant_tag(reply_.tenant);
    ids_.add(id, tag);
    if (changes_ != nullptr) {
        changes_->note(Change{.governor = title,
                              .tenant = reply_.tenant,
                              .seq = id.seq,
                              .at = id.at,
                              .outcome = id.outcome,
                              .id = &id,
                              .id_tag = tag});
    }
}

void Admit::apply(const Change& change) {
    if (change.kind == Change::Kind::reserved) {
        numbers_.seen_reserved(change.seq);
        return;
    }
    numbers_.seen(change.seq);
    if (change.id != nullptr) {
        ids_.add(*change.id, change.id_tag);
    }
}

}  // namespace flyball
