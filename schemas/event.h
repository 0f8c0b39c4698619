#pragma once
// What a node tells of itself on its event topics, and how it is written (always JSON). Plain
// values, valid for one call. Any thread.

#include <cstdint>
#include <optional>
#include <string_view>

#include "schemas/reason.h"
#include "schemas/time.h"
#include "schemas/writer.h"

namespace flyball {

// The text of each is part of the wire contract (docs/protocol.md). Stored in files: append only.
enum class EventKind : std::uint8_t {
    state_changed,
    quota_warning,
    quota_exceeded,
    credit_low,
    hold_expired,
    subscription_renewed,
    trial_ending,
    period_ending,
    resource_restarted,
    governor_added,
    governor_removed,
    governor_restarted,
    governor_down,
    clock_changed,
    tenant_forgotten,
    publish_denied,  // these two only inside a broker
    subscribe_denied,
};
std::string_view to_text(EventKind kind);

// What does not apply is empty.
struct Event {
    EventKind kind = EventKind::state_changed;
    std::string_view governor{};  // "type/name" or "node"
    std::string_view tenant{};
    std::string_view from{};
    std::string_view to{};
    Reason reason = Reason::none;
    std::string_view resource{};
    std::string_view hold{};
    std::optional<std::uint64_t> seq{};  // of the decision that raised it
    Instant at{};                        // of the decision, or when it was due
};

// Whoever raises an event hands it over here and goes on; it is copied before the call returns.
class EventSink {
public:
    virtual ~EventSink() = default;
    virtual void raise(const Event& event) = 0;
};

// One event as a JSON map, the last key left open for `late`: the caller closes the map.
void open_event(Writer& writer, const Event& event, std::uint64_t number);

}  // namespace flyball
