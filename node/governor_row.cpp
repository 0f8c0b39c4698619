#include "node/governor_row.h"

#include <optional>
#include <string>

namespace flyball {

namespace {

std::int64_t count(std::size_t number) {
    return static_cast<std::int64_t>(number);
}

void write_denied(Writer& writer, const Governor::Counts& counts) {
    writer.key("denied");
    writer.begin_map();
    for (std::size_t reason = 0; reason < counts.denied.size(); ++reason) {
        if (counts.denied[reason] != 0) {
            writer.key(to_text(static_cast<Reason>(reason)));
            writer.unsigned_integer(counts.denied[reason]);
        }
    }
    writer.end_map();
}

void write_head(Writer& writer, const std::optional<ChainHead>& head) {
    writer.key("head");
    if (!head) {
        writer.null();
        return;
    }
    constexpr std::string_view digits = "0123456789abcdef";
    std::string hex;
    for (const std::byte byte : head->hash) {
        hex += digits[std::to_integer<std::size_t>(byte >> 4)];
        hex += digits[std::to_integer<std::size_t>(byte & std::byte{15})];
    }
    writer.begin_map();
    writer.field("seq", head->seq);
    writer.field("hash", hex);
    writer.end_map();
}

}  // namespace

void write_governor_row(Writer& writer, const Governor& governor, Instant now) {
    const Governor::Counts& counts = governor.counts();
    writer.begin_map();
    writer.field("type", governor.type());
    writer.field("name", governor.name());
    writer.field("status", governor.standing().down ? "down" : "up");
    writer.field("policy_rev", governor.policy_rev());
    writer.field("tenants", count(governor.tenants()));
    writer.field("memory_bytes", count(governor.memory_bytes()));
    writer.field("ring_used", count(governor.events().size()));
    writer.field("ring_capacity", count(governor.events().capacity()));
    writer.field("ids_used", count(governor.ids().size()));
    writer.field("ids_capacity", count(governor.ids().capacity()));
    writer.key("id_window_ms");
    if (const auto oldest = governor.ids().oldest()) {
        writer.integer((now - *oldest).count());
    } else {
        writer.null();
    }
    writer.field("restarts", governor.standing().restarts);
    writer.field("allow", counts.allow);
    writer.field("deny", counts.deny);
    writer.field("error", counts.error);
    write_denied(writer, counts);
    writer.field("seq", governor.seq());
    write_head(writer, governor.rules().head());
    writer.end_map();
}

void write_past_event(Writer& writer, const PastEvent& event, std::string_view tenant) {
    writer.begin_map();
    writer.field("seq", event.seq);
    writer.field("at", to_ms(event.at));
    if (!tenant.empty()) {
        writer.field("tenant", tenant);
    }
    writer.field("decision", to_text(event.outcome.verdict));
    if (event.outcome.would_deny) {
        writer.field("would", "deny");
    }
    if (event.outcome.reason != Reason::none) {
        writer.field("reason", to_text(event.outcome.reason));
    }
    writer.field("amount", event.amount);
    writer.end_map();
}

}  // namespace flyball
