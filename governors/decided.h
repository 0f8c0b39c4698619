#pragma once
// What goes into a governor's decision besides the request, and what comes out of it. Plain values,
// valid until the next decision of the same governor.

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "governors/event_ring.h"
#include "governors/rules.h"
#include "schemas/reply.h"
#include "schemas/request.h"

namespace flyball {

enum class Mode : std::uint8_t { enforce, observe };

// The keys that every [governor.<type>.<name>] knows (docs/configuration.md).
struct GovernorSettings {
    Mode mode = Mode::enforce;
    bool auto_enroll = true;
    std::uint32_t max_tenants = 10000;
    Span id_window{0};  // zero: ids are kept by count only
    std::size_t ring_capacity = 1024;
    std::size_t ids_capacity = 1024;
    bool operator==(const GovernorSettings&) const = default;
};

// How a request came, besides its own keys.
struct Occasion {
    Instant now;
    Encoding encoding = Encoding::json;
    bool admin = false;            // on the admin topic: ops marked A are permitted
    bool on_tenant_topic = false;  // then `topic_tenant` is the only tenant it may name
    std::string_view topic_tenant{};
    std::span<const std::string_view> features{};  // what `must` may name besides keys
    bool clock_known = true;                       // false: governor time is not a date yet
    bool keeps = true;  // false: what would change state is refused, the disk cannot take it
    bool shows = true;  // false: nothing is told of the state, it may be lost (ChangeSink)
};

// One decided entry: what open_reply() writes, and what write() needs to add the type's own keys.
struct Decided {
    Reply reply;
    Command command;
    Judgement judgement;
    TenantIndex tenant = no_tenant;
    bool own_keys = false;     // the type adds its keys (not with an error)
    bool from_memory = false;  // a repeated id
    bool changed = false;      // state that a restart must know
    // A dry run's effect: in place only while its answer is told.
    const Effect* rehearsed = nullptr;
};

struct GovernorCounts {
    std::uint64_t allow = 0;  // allow and ok
    std::uint64_t deny = 0;
    std::uint64_t error = 0;
    std::uint64_t replayed = 0;
    std::array<std::uint64_t, 64> denied{};  // by Reason
};

// How a governor fares under the supervisor (node/supervisor.h).
struct Standing {
    bool down = false;
    std::uint32_t restarts = 0;
};

// One part of an admit (node/admit.h): judged and put in place at once, so that later parts see it;
// kept or taken back once all parts are judged.
struct Part {
    Command command;
    Judgement judgement;
    TenantIndex tenant = no_tenant;
    std::string_view tenant_name;
    bool enrolled = false;    // for this part
    bool would_deny = false;  // observe mode: counts as allowed
    bool dry_run = false;
    std::uint64_t seq = 0;  // the governor's, once kept
    Effect effect;
    bool denies() const { return judgement.verdict == Verdict::deny && !would_deny; }
    Outcome outcome() const {
        return {would_deny ? Verdict::allow : judgement.verdict, judgement.reason, would_deny};
    }
};

}  // namespace flyball
