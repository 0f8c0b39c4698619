#pragma once
// Rules of the type `quota`: limits on what a tenant uses of named resources, per window or as a
// level (docs/protocol.md, quota). Owned by its Governor, one thread at a time. 24 bytes per tenant
// and resource, allocated up to the highest tenant that used it; overrides exist where they were
// set. Bounded by 256 resources and the governor's tenants.
// Command: name = resource, amount = hits, value or limit, second = burst, flag = partial.

#include <memory>
#include <unordered_map>
#include <vector>

#include "governors/quota_image.h"
#include "governors/quota_meter.h"
#include "governors/rules.h"
#include "governors/tenant_rows.h"

namespace flyball {

class Quota final : public Rules {
public:
    Quota();  // with the default resources

    std::span<const Op> ops() const override;
    std::span<const std::string_view> field_names() const override;
    void read(Command& command, FieldReader& fields) const override;
    Judgement judge(const Case& asked, Effect& effect) const override;
    // An image of a resource that the configuration no longer has changes nothing; one of a rule
    // that has begun anew since (another window, algorithm or anchor) sets the override alone.
    bool apply(TenantIndex tenant, std::span<const std::byte> image) override;
    bool apply_effect(TenantIndex tenant, const Effect& effect) override;
    void write(Writer& writer, const Case& asked, const Judgement* judgement) const override;
    std::string_view state(const Case& asked) const override;
    void enrol(TenantIndex tenant) override;
    void erase(TenantIndex tenant) override;
    bool at_defaults(TenantIndex tenant, Instant now) const override;
    void walk(TenantIndex tenant, const Visit& visit) const override;
    Tree settings() const override;
    // Returns the resources whose window, algorithm or anchor changed: they start anew, overrides
    // kept. A resource that is gone is forgotten with its overrides.
    Result<std::vector<std::string>> configure(const Tree& settings, Instant now) override;
    std::size_t memory_bytes() const override;

private:
    struct Resource {
        QuotaRule rule;
        std::uint32_t tag = 0;
        TenantRows<QuotaSlot> slots;  // by tenant; what lies behind is unused
        std::unique_ptr<std::unordered_map<TenantIndex, QuotaOverride>> overrides;
        mutable Window window;  // where the last `now` was: the next is there too, nearly always

        explicit Resource(QuotaRule of) : rule(std::move(of)), tag(rule.tag()) {}
        QuotaSlot slot(TenantIndex tenant) const;
        std::optional<QuotaOverride> override_of(TenantIndex tenant) const;
        QuotaTerms terms_of(TenantIndex tenant) const;
        QuotaMeter meter(TenantIndex tenant, Instant now) const;
        void settle(const QuotaRule& old, Instant now);
        void set_override(TenantIndex tenant, const std::optional<QuotaOverride>& terms);
    };
    struct Change {  // what a judgement comes to; at first: what is there
        Change(std::size_t place_of, const Resource& resource, const Case& asked)
            : place(place_of),
              meter(resource.meter(asked.tenant, asked.now)),
              override_terms(resource.override_of(asked.tenant)) {}
        std::size_t place;  // of its resource
        QuotaMeter meter;
        std::optional<QuotaOverride> override_terms;
    };

    const Resource* find(std::string_view name) const;
    Resource* find(std::string_view name);
    const Resource* resource_of(const Command& command) const;
    static void judge_check(const Command& command, QuotaMeter& meter, Judgement& judgement);
    static void change(const Command& command, const Resource& resource, Change& change);
    void set_effect(const Case& asked, const Change& change, Effect& effect) const;
    void write_levels(Writer& writer, const Resource& resource, const Case& asked) const;
    void write_all(Writer& writer, const Case& asked) const;

    std::vector<Resource> resources_;  // sorted by name
    // The newest judgement and its number (Effect::stamp): apply_effect() and write() follow.
    mutable std::optional<Change> latest_;
    mutable std::uint64_t stamp_ = 1;  // of no effect yet
};

}  // namespace flyball
