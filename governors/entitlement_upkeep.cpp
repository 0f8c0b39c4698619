// The half of Entitlement that no request sees: tenants, images, configuration, memory.

#include <algorithm>

#include "governors/entitlement.h"
#include "schemas/expects.h"

namespace flyball {

Entitlement::Entitlement() {
    auto settings = read_entitlement_settings(Tree());
    expects(settings.has_value(), "the default tiers are sound");
    settings_ = std::move(*settings);
    find_tiers();
}

const EntitlementEntry* Entitlement::entry_of(const Tenant& tenant, std::string_view feature) {
    const auto found =
        std::ranges::lower_bound(tenant.entries, feature, {}, &Entries::value_type::first);
    return found != tenant.entries.end() && found->first == feature ? &found->second : nullptr;
}

const EntitlementTier& Entitlement::tier_of(const Tenant& tenant) const {
    const EntitlementTier* tier = tiers_[tenant.tier];
    return tier != nullptr ? *tier : *tiers_[0];
}

std::uint32_t Entitlement::interned(std::string_view tier) {
    const auto found = std::ranges::find(tier_names_, tier);
    if (found == tier_names_.end()) {
        tier_names_.emplace_back(tier);
        tiers_.push_back(settings_.find(tier));
        return static_cast<std::uint32_t>(tier_names_.size() - 1);
    }
    return static_cast<std::uint32_t>(found - tier_names_.begin());
}

void Entitlement::find_tiers() {
    tiers_.assign(1, settings_.find(settings_.default_tier));
    for (std::size_t at = 1; at < tier_names_.size(); ++at) {
        tiers_.push_back(settings_.find(tier_names_[at]));
    }
}

bool Entitlement::apply(TenantIndex index, std::span<const std::byte> bytes) {
    auto image = decode_entitlement_image(bytes);
    if (!image || !tenants_.has(index)) {
        return false;
    }
    Tenant& tenant = tenants_[index];
    if (image->kind == EntitlementImage::Kind::tenant) {
        tenant.tier = interned(image->name);
        tenant.suspended = image->suspended;
        return true;
    }
    Entries& entries = tenant.entries;
    const auto place =
        std::ranges::lower_bound(entries, image->name, {}, &Entries::value_type::first);
    const bool there = place != entries.end() && place->first == image->name;
    if (!image->entry) {
        if (there) {
            entries.erase(place);
        }
    } else if (there) {
        place->second = std::move(*image->entry);
    } else if (entries.size() < entries_max) {
        entries.emplace(place, image->name, std::move(*image->entry));
    } else {
        return false;
    }
    return true;
}

void Entitlement::enrol(TenantIndex tenant) {
    tenants_.at(tenant);
}

void Entitlement::erase(TenantIndex tenant) {
    tenants_.clear(tenant);
}

bool Entitlement::at_defaults(TenantIndex index, Instant /*now*/) const {
    const Tenant& tenant = tenant_of(index);
    return tenant.tier == 0 && !tenant.suspended && tenant.entries.empty();
}

void Entitlement::walk(TenantIndex index, const Visit& visit) const {
    const Tenant& tenant = tenant_of(index);
    if (index == no_tenant) {
        return;
    }
    if (tenant.tier != 0 || tenant.suspended) {
        visit(encode({.kind = EntitlementImage::Kind::tenant,
                      .suspended = tenant.suspended,
                      .name = tier_names_[tenant.tier],
                      .entry = std::nullopt},
                     image_));
    }
    for (const auto& [feature, entry] : tenant.entries) {
        visit(encode({.kind = EntitlementImage::Kind::feature,
                      .suspended = false,
                      .name = feature,
                      .entry = entry},
                     image_));
    }
}

Tree Entitlement::settings() const {
    return entitlement_settings_tree(settings_);
}

Result<std::vector<std::string>> Entitlement::configure(const Tree& settings, Instant /*now*/) {
    auto read = read_entitlement_settings(settings);
    if (!read) {
        return read.error();
    }
    settings_ = std::move(*read);
    find_tiers();
    return std::vector<std::string>();
}

std::size_t Entitlement::memory_bytes() const {
    std::size_t bytes = sizeof(*this) + tenants_.memory_bytes() + image_.capacity();
    for (std::size_t row = 0; row < tenants_.size(); ++row) {
        bytes += tenants_[row].entries.capacity() * sizeof(Entries::value_type);
    }
    for (const EntitlementTier& tier : settings_.tiers) {
        bytes += sizeof(tier) + tier.features.capacity() * sizeof(tier.features[0]);
    }
    return bytes;
}

}  // namespace flyball
