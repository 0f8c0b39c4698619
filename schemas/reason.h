#pragma once
// The closed vocabularies of a reply: its decision and its reason. The text of each is part of the
// wire contract (docs/protocol.md) and never changes.

#include <cstdint>
#include <string_view>

namespace flyball {

enum class Verdict : std::uint8_t { allow, deny, ok, error };

// Numbers are stored in rings and files: append only, 63 is the last that fits.
enum class Reason : std::uint8_t {
    none = 0,
    // errors
    malformed = 1,
    too_large,
    missing_field,
    bad_field,
    unknown_op,
    not_permitted,
    unknown_governor,
    tenant_mismatch,
    tenant_limit,
    id_reused,
    bad_reply_topic,
    retained,
    unsupported,
    governor_down,
    overloaded,
    clock_unset,
    // denials
    unknown_tenant = 24,
    unknown_resource,
    exceeds_limit,
    quota_exceeded,
    suspended,
    unknown_hold,
    hold_expired,
    hold_exists,
    too_many_holds,
    exceeds_hold,
    insufficient_credit,
    rate_limited,
    revoked,
    expired,
    not_entitled,
    violation,
    locked_out,
    no_subscription,
    paused,
    canceled,
};

constexpr std::string_view to_text(Verdict verdict) {
    switch (verdict) {
        case Verdict::allow: return "allow";
        case Verdict::deny: return "deny";
        case Verdict::ok: return "ok";
        case Verdict::error: return "error";
    }
    return "";
}
std::string_view to_text(Reason reason);  // "" for none

}  // namespace flyball
