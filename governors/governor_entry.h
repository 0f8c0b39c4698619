#pragma once
// One entry on its way through Governor::decide(), and how a dry run's effect is shown: the
// governor's own, of nobody else's interest.

#include "governors/governor.h"

namespace flyball {

struct Governor::Entry {
    Request& request;
    const Occasion& occasion;
    Decided& out;
    Effect& effect;
    std::string_view tenant;
    std::uint64_t id_key = 0;
    bool remembers = false;  // this request's answer goes into the ring of ids
    bool is_forget = false;
    bool admin_op = false;
    Change::Enrolment enrolment = Change::Enrolment::none;
};

// Tells with the effect in place, as after the real request, and takes it back.
template <typename Tell>
void Governor::rehearse(Case asked, const Effect* effect, const Tell& tell) {
    if (effect == nullptr) {
        tell(asked);
        return;
    }
    const bool stranger = asked.tenant == no_tenant;
    if (stranger) {
        asked.tenant = enrol(asked.tenant_name, true);
    }
    put_in_place(asked.tenant, *effect);
    const auto undo = [&] {
        take_back(asked.tenant, *effect);
        if (stranger) {
            remove(asked.tenant);
        }
    };
    try {
        tell(asked);
    } catch (...) {
        undo();
        throw;
    }
    undo();
}

}  // namespace flyball
