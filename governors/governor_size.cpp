#include "governors/governor_state.h"
#include "schemas/writer.h"

namespace flyball {

namespace {

void put_outcome(Writer& map, const Outcome& outcome) {
    map.field("decision", to_text(outcome.verdict));
    if (outcome.reason != Reason::none) {
        map.field("reason", to_text(outcome.reason));
    }
    if (outcome.would_deny) {
        map.field("would", "deny");
    }
}

}  // namespace

std::uint64_t GovernorState::map_bytes(const Governor& governor) {
    Writer map;
    std::uint64_t sum = 0;
    const auto add = [&](const auto& fill) {
        map.restart(Encoding::msgpack);
        map.begin_map();
        fill();
        map.end_map();
        sum += map.bytes().size();
    };
    const auto put_state = [&](TenantIndex tenant) {
        map.key("state");
        map.begin_array();
        governor.rules_->walk(tenant, [&](std::span<const std::byte> image) {
            map.text({reinterpret_cast<const char*>(image.data()), image.size()});
        });
        map.end_array();
    };
    const TenantTable& tenants = governor.tenants_;
    add([&] {
        map.field("governor", governor.title());
        map.field("seq", governor.seq());
        put_state(no_tenant);
    });
    for (TenantIndex tenant = 0; tenant < tenants.end(); ++tenant) {
        if (tenants.in_use(tenant)) {
            add([&] {
                map.field("tenant", tenants.name(tenant));
                map.field("auto", tenants.auto_enrolled(tenant));
                put_state(tenant);
            });
        }
    }
    for (std::size_t age = 0; age < governor.events_.size(); ++age) {
        const PastEvent event = governor.events_.at_age(age);
        add([&] {
            map.field("seq", event.seq);
            map.field("at", to_ms(event.at));
            map.field("tenant", tenants.in_use(event.tenant) ? tenants.name(event.tenant) : "");
            put_outcome(map, event.outcome);
            map.field("amount", event.amount);
        });
    }
    governor.ids_.walk([&](const RememberedId& id, std::uint32_t tag) {
        add([&] {
            map.field("key", id.key);
            map.field("content", id.fingerprint);
            map.field("seq", id.seq);
            map.field("at", to_ms(id.at));
            map.field("tag", tag);
            put_outcome(map, id.outcome);
            if (id.granted) {
                map.field("granted", *id.granted);
            }
        });
    });
    return sum;
}

}  // namespace flyball
