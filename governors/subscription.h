#pragma once
// Rules of the type `subscription`: whether a tenant's plan runs, as ops and time move it
// (docs/protocol.md, subscription). Owned by its Governor, one thread at a time. 96 bytes a
// tenant; bounded by 64 plans and the governor's tenants.
// Command: name = plan, amount = periods, flag = trial, at_period_end or value.

#include <string>
#include <vector>

#include "governors/rules.h"
#include "governors/subscription_course.h"
#include "governors/tenant_rows.h"
#include "schemas/byte_buffer.h"

namespace flyball {

class SubscriptionRules final : public Rules {
public:
    SubscriptionRules();  // with the default plan

    std::span<const Op> ops() const override;
    std::span<const std::string_view> field_names() const override;
    Newcomer newcomer(const Command& command) const override;
    void read(Command& command, FieldReader& fields) const override;
    Judgement judge(const Case& asked, Effect& effect) const override;
    bool apply(TenantIndex tenant, std::span<const std::byte> image) override;
    std::optional<Instant> due(TenantIndex tenant) const override;
    void pass_time(TenantIndex tenant, Instant now, Effect& effect) const override;
    void write(Writer& writer, const Case& asked, const Judgement* judgement) const override;
    std::string_view state(const Case& asked) const override;
    void enrol(TenantIndex tenant) override;
    void erase(TenantIndex tenant) override;
    bool at_defaults(TenantIndex tenant, Instant now) const override;
    void walk(TenantIndex tenant, const Visit& visit) const override;
    Tree settings() const override;
    Result<std::vector<std::string>> configure(const Tree& settings, Instant now) override;
    std::size_t memory_bytes() const override;

private:
    const Subscription& subscription_of(TenantIndex tenant) const {
        return subscriptions_.of(tenant);
    }
    bool perform(const Case& asked, Subscription& after) const;
    void put(const Subscription& before, const Subscription& after, Effect& effect) const;

    SubscriptionSettings settings_;
    TenantRows<Subscription> subscriptions_;
    mutable ByteBuffer image_;
};

}  // namespace flyball
