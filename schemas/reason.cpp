#include "schemas/reason.h"

namespace flyball {

std::string_view to_text(Reason reason) {
    switch (reason) {
        case Reason::none: return "";
        case Reason::malformed: return "malformed";
        case Reason::too_large: return "too_large";
        case Reason::missing_field: return "missing_field";
        case Reason::bad_field: return "bad_field";
        case Reason::unknown_op: return "unknown_op";
        case Reason::not_permitted: return "not_permitted";
        case Reason::unknown_governor: return "unknown_governor";
        case Reason::tenant_mismatch: return "tenant_mismatch";
        case Reason::tenant_limit: return "tenant_limit";
        case Reason::id_reused: return "id_reused";
        case Reason::bad_reply_topic: return "bad_reply_topic";
        case Reason::retained: return "retained";
        case Reason::unsupported: return "unsupported";
        case Reason::governor_down: return "governor_down";
        case Reason::overloaded: return "overloaded";
        case Reason::clock_unset: return "clock_unset";
        case Reason::unknown_tenant: return "unknown_tenant";
        case Reason::unknown_resource: return "unknown_resource";
        case Reason::exceeds_limit: return "exceeds_limit";
        case Reason::quota_exceeded: return "quota_exceeded";
        case Reason::suspended: return "suspended";
        case Reason::unknown_hold: return "unknown_hold";
        case Reason::hold_expired: return "hold_expired";
        case Reason::hold_exists: return "hold_exists";
        case Reason::too_many_holds: return "too_many_holds";
        case Reason::exceeds_hold: return "exceeds_hold";
        case Reason::insufficient_credit: return "insufficient_credit";
        case Reason::rate_limited: return "rate_limited";
        case Reason::revoked: return "revoked";
        case Reason::expired: return "expired";
        case Reason::not_entitled: return "not_entitled";
        case Reason::violation: return "violation";
        case Reason::locked_out: return "locked_out";
        case Reason::no_subscription: return "no_subscription";
        case Reason::paused: return "paused";
        case Reason::canceled: return "canceled";
    }
    return "";
}

}  // namespace flyball
