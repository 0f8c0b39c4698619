#pragma once
// Rules of the type `entitlement`: what a tenant may use, by its tier and by what was granted to it
// or revoked (docs/protocol.md, entitlement). Owned by its Governor, one thread at a time. 32 bytes
// a tenant and about 100 a grant; bounded by 64 tiers of 256 features, 256 grants and revocations a
// tenant and the governor's tenants.
// Command: name = feature or tier, value = a grant's value (null for true), second = its end or its
// span (then flag is set), has_second when it has one.

#include <string>
#include <utility>
#include <vector>

#include "governors/entitlement_image.h"
#include "governors/entitlement_settings.h"
#include "governors/rules.h"
#include "governors/tenant_rows.h"

namespace flyball {

class Entitlement final : public Rules {
public:
    static constexpr std::size_t entries_max = 256;  // of a tenant

    Entitlement();  // with the default tiers

    std::span<const Op> ops() const override;
    std::span<const std::string_view> field_names() const override;
    void read(Command& command, FieldReader& fields) const override;
    Judgement judge(const Case& asked, Effect& effect) const override;
    bool apply(TenantIndex tenant, std::span<const std::byte> image) override;
    void write(Writer& writer, const Case& asked, const Judgement* judgement) const override;
    std::string_view state(const Case& asked) const override;
    void enrol(TenantIndex tenant) override;
    void erase(TenantIndex tenant) override;
    bool at_defaults(TenantIndex tenant, Instant now) const override;
    void walk(TenantIndex tenant, const Visit& visit) const override;
    Tree settings() const override;
    // A tenant on a tier that is gone has the default one until the tier is back.
    Result<std::vector<std::string>> configure(const Tree& settings, Instant now) override;
    std::size_t memory_bytes() const override;

private:
    using Entries = std::vector<std::pair<std::string, EntitlementEntry>>;  // by feature
    struct Tenant {
        std::uint32_t tier = 0;  // in tier_names_
        bool suspended = false;
        Entries entries;
    };
    // What a check says, and why.
    struct Answer {
        Reason reason = Reason::none;
        const FeatureValue* value = nullptr;  // of an allow
        const EntitlementEntry* grant = nullptr;
    };

    const Tenant& tenant_of(TenantIndex tenant) const { return tenants_.of(tenant); }
    static const EntitlementEntry* entry_of(const Tenant& tenant, std::string_view feature);
    const EntitlementTier& tier_of(const Tenant& tenant) const;
    Answer answer(const Tenant& tenant, std::string_view feature, Instant now) const;
    Judgement judge_grant(const Case& asked, Effect& effect) const;
    void set_entry(const Case& asked, const std::optional<EntitlementEntry>& entry,
                   Effect& effect) const;
    void set_tenant(const Case& asked, std::string_view tier, bool suspended, Effect& effect) const;
    void write_features(Writer& writer, const Tenant& tenant, Instant now) const;
    static void write_entries(Writer& writer, const Tenant& tenant, Instant now);
    std::uint32_t interned(std::string_view tier);
    void find_tiers();

    EntitlementSettings settings_;
    // Every tier that a tenant was ever put on, by name: [0] is the default one, nameless. Beside
    // each what the configuration has under that name now.
    std::vector<std::string> tier_names_{""};
    std::vector<const EntitlementTier*> tiers_;
    TenantRows<Tenant> tenants_;
    mutable ByteBuffer image_;
};

}  // namespace flyball
