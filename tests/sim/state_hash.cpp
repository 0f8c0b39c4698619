#include "tests/sim/state_hash.h"

#include <algorithm>

#include "governors/keyed_hash.h"

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

void StateHash::add(const Governor& governor) {
    const auto walk = [this, &governor](TenantIndex tenant) {
        governor.rules().walk(tenant, [this](std::span<const std::byte> image) { add(image); });
    };
    walk(no_tenant);
    std::vector<std::pair<std::string_view, TenantIndex>> tenants;
    for (const char* name : {"ann", "bob", "cyd", "dan"}) {
        if (const TenantIndex tenant = governor.find_tenant(name); tenant != no_tenant) {
            add(std::string_view(name));
            walk(tenant);
        }
    }
    add(governor.tenants());
    add(governor.ids());
}

std::uint64_t StateHash::of(const Engine& engine) {
    bytes_.clear();
    engine.registry().each_any([this](const GovernorChange& standing, const Governor* governor) {
        add(standing.title);
        add(static_cast<std::uint64_t>(standing.standing));
        add(standing.policy_rev);
        if (governor != nullptr) {
            add(*governor);
        }
    });
    add(engine.admit().ids());
    return keyed_hash(bytes_, 1);
}

std::string StateHash::shown() const {
    static constexpr char digits[] = "0123456789abcdef";
    std::string all;
    for (const char c : bytes_) {
        if (c >= ' ' && c <= '~') {
            all += c;
        } else {
            all += '.';
            all += digits[static_cast<unsigned char>(c) >> 4U];
            all += digits[static_cast<unsigned char>(c) & 15U];
        }
    }
    return all;
}

}  // namespace flyball::sim
