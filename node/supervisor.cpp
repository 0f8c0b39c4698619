#include "node/supervisor.h"

#include <exception>
#include <stdexcept>

namespace flyball {

void Supervisor::throw_fault() {
    faulty_ = nullptr;
    throw std::runtime_error("a fault that control armed");
}

void Supervisor::failed(Governor& governor, std::string_view what, Instant now) {
    last_failure_.assign(what);
    History& history = histories_[&governor];
    const Instant oldest = history.at[history.count % restarts_max];
    const bool too_often = history.count >= restarts_max && now - oldest <= period;
    if (too_often || !rebuild(governor, now)) {
        governor.standing().down = true;
        raise(EventKind::governor_down, governor, now);
        return;
    }
    history.at[history.count++ % restarts_max] = now;
    ++governor.standing().restarts;
    raise(EventKind::governor_restarted, governor, now);
}

// What it throws is one more reason to leave the governor down.
bool Supervisor::rebuild(Governor& governor, Instant now) {
    try {
        return governor.rebuild(registry_.fresh_rules(governor), now);
    } catch (const std::exception& failure) {
        last_failure_.assign(failure.what());
        return false;
    }
}

void Supervisor::restore(Instant now) {
    registry_.each([&](Governor& governor) {
        if (governor.standing().down && rebuild(governor, now)) {
            governor.standing().down = false;
            ++governor.standing().restarts;
            histories_.erase(&governor);
            raise(EventKind::governor_restarted, governor, now);
        }
    });
}

void Supervisor::raise(EventKind kind, const Governor& governor, Instant now) {
    if (events_ != nullptr) {
        events_->raise({.kind = kind, .governor = governor.title(), .at = now});
    }
}

}  // namespace flyball
