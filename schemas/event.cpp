#include "schemas/event.h"

namespace flyball {

namespace {

void write_text(Writer& writer, std::string_view name, std::string_view text) {
    if (!text.empty()) {
        writer.field(name, text);
    }
}

}  // namespace

std::string_view to_text(EventKind kind) {
    switch (kind) {
        case EventKind::state_changed: return "state_changed";
        case EventKind::quota_warning: return "quota_warning";
        case EventKind::quota_exceeded: return "quota_exceeded";
        case EventKind::credit_low: return "credit_low";
        case EventKind::hold_expired: return "hold_expired";
        case EventKind::subscription_renewed: return "subscription_renewed";
        case EventKind::trial_ending: return "trial_ending";
        case EventKind::period_ending: return "period_ending";
        case EventKind::resource_restarted: return "resource_restarted";
        case EventKind::governor_added: return "governor_added";
        case EventKind::governor_removed: return "governor_removed";
        case EventKind::governor_restarted: return "governor_restarted";
        case EventKind::governor_down: return "governor_down";
        case EventKind::clock_changed: return "clock_changed";
        case EventKind::tenant_forgotten: return "tenant_forgotten";
        case EventKind::publish_denied: return "publish_denied";
        case EventKind::subscribe_denied: return "subscribe_denied";
    }
    return "";
}

void open_event(Writer& writer, const Event& event, std::uint64_t number) {
    writer.begin_map();
    writer.field("event", to_text(event.kind));
    writer.field("n", number);
    writer.field("governor", event.governor);
    write_text(writer, "tenant", event.tenant);
    write_text(writer, "resource", event.resource);
    write_text(writer, "hold", event.hold);
    write_text(writer, "from", event.from);
    write_text(writer, "to", event.to);
    write_text(writer, "reason", to_text(event.reason));
    if (event.seq) {
        writer.field("seq", *event.seq);
    }
    writer.field("at", to_ms(event.at));
}

}  // namespace flyball
