#include "node/governor_row.h"

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

}  // namespace

void write_governor_row(Writer& writer, const Governor& governor, Instant now) {
    const Governor::Counts& counts = governor.counts();
    writer.begin_map();
    writer.field("type", governor.type());
    writer.field("name", governor.name());
    writer.field("status", "up");
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
    writer.field("restarts", 0);
    writer.field("allow", counts.allow);
    writer.field("deny", counts.deny);
    writer.field("error", counts.error);
    write_denied(writer, counts);
    writer.field("seq", governor.seq());
    writer.key("head");
    writer.null();
    writer.end_map();
}

}  // namespace flyball
