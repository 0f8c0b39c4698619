#include "tests/sim/state_hash.h"

#include "governors/keyed_hash.h"
#include "tests/sim/traffic.h"

namespace flyball::sim {

void StateHash::add(std::string_view text) {
    add(text.size());
    bytes_.append(text);
}

void StateHash::add(std::uint64_t number) {
    bytes_.append(reinterpret_cast<const char*>(&number), sizeof(number));
}

void StateHash::add(std::span<const std::byte> image) {
    add(std::string_view(reinterpret_cast<const char*>(image.data()), image.size()));
}

void StateHash::add(const IdRing& ids) {
    ids.walk([this](const RememberedId& id, std::uint32_t tag) {
        add(id.key);
        add(std::uint64_t{id.fingerprint} << 32U | tag);
        add(id.seq);
        add(static_cast<std::uint64_t>(to_ms(id.at)));
        add(static_cast<std::uint64_t>(id.granted.value_or(-1)));
    });
}

StateHash::Mark StateHash::mark_of(const Governor& governor) {
    const auto head = governor.rules().head();
    std::uint64_t dues = 0;
    for (const char* name : traffic_tenants) {
        const TenantIndex tenant = governor.find_tenant(name);
        const auto due = tenant == no_tenant ? std::nullopt : governor.rules().due(tenant);
        dues = dues * 31 + (due ? static_cast<std::uint64_t>(to_ms(*due)) : 1);
    }
    return {.governor = &governor,
            .seq = governor.seq(),
            .audit_seq = head ? head->seq : 0,
            .dues = dues,
            .tenants = governor.tenants(),
            .policy_rev = std::string(governor.policy_rev())};
}

std::uint64_t StateHash::of(const Governor& governor) {
    bytes_.clear();
    const auto walk = [this, &governor](TenantIndex tenant) {
        governor.rules().walk(tenant, [this](std::span<const std::byte> image) { add(image); });
    };
    add(governor.policy_rev());
    // Of the chain's place; which of its records are kept is not for the state to say.
    if (const auto head = governor.rules().head()) {
        add(head->seq);
        add(std::span<const std::byte>(head->hash));
    }
    for (const char* name : traffic_tenants) {
        if (const TenantIndex tenant = governor.find_tenant(name); tenant != no_tenant) {
            add(std::string_view(name));
            walk(tenant);
        }
    }
    add(governor.tenants());
    add(governor.ids());
    return keyed_hash(bytes_, 1);
}

std::uint64_t StateHash::of(const Engine& engine, Look look) {
    std::string all;
    for (const std::string& title : traffic_titles()) {
        const Governor* governor = engine.registry().find_any(title);
        if (governor == nullptr) {
            known_.erase(title);
            continue;
        }
        Known& known = known_[title];
        Mark mark = mark_of(*governor);
        if (look == Look::everywhere || mark != known.mark) {
            known = {std::move(mark), of(*governor)};
        }
        const bool works = engine.registry().find(title) != nullptr;
        all.append(title).append(works ? "+" : "-").append(std::to_string(known.hash));
    }
    bytes_.clear();
    add(engine.admit().ids());
    return keyed_hash(all + bytes_, 1);
}

}  // namespace flyball::sim
