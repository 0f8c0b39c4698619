#pragma once
// Rules of the type `compliance`: what the attributes of an action must be, strikes for denials,
// and a hash-chained audit of every check (docs/protocol.md, compliance). Owned by its Governor,
// one thread at a time. About 80 bytes a tenant and 8 a strike; bounded by 64 rules, 64 strikes and
// the governor's tenants. It keeps the head of its chain, not the records: those leave as images.
// Command: name = action, value = attributes, null when there are none.

#include <memory>
#include <string>
#include <vector>

#include "governors/compliance_image.h"
#include "governors/compliance_settings.h"
#include "governors/rules.h"
#include "governors/tenant_rows.h"

namespace flyball {

class ComplianceAttributes;

class Compliance final : public Rules {
public:
    explicit Compliance(const RulesContext& context);  // with no rules: everything is allowed

    std::span<const Op> ops() const override;
    std::span<const std::string_view> field_names() const override;
    // The path of a faulty attribute is valid until the next read().
    void read(Command& command, FieldReader& fields) const override;
    // After-image: the tenant's state and, unless the case is a dry run, a record of the chain.
    // Before-image: the tenant's state alone, so that what is taken back stays recorded.
    Judgement judge(const Case& asked, Effect& effect) const override;
    // A record moves the head when it continues it, else it is damaged. With no_tenant a record
    // moves the head alone, and the chain's own image sets it.
    bool apply(TenantIndex tenant, std::span<const std::byte> image) override;
    std::optional<Instant> due(TenantIndex tenant) const override;
    void pass_time(TenantIndex tenant, Instant now, Effect& effect) const override;
    void write(Writer& writer, const Case& asked, const Judgement* judgement) const override;
    std::string_view state(const Case& asked) const override;
    std::optional<ChainHead> head() const override { return head_; }
    ChainKept* kept() override { return &kept_; }
    void enrol(TenantIndex tenant) override;
    void erase(TenantIndex tenant) override;
    void judge_forget(const Case& asked, Effect& effect) const override;
    // Only before anything was recorded: with its salt goes the proof of what was.
    bool at_defaults(TenantIndex tenant, Instant now) const override;
    void walk(TenantIndex tenant, const Visit& visit) const override;
    Tree settings() const override;
    Result<std::vector<std::string>> configure(const Tree& settings, Instant now) override;
    std::size_t memory_bytes() const override;

private:
    struct Tenant {
        Salt salt{};
        std::uint64_t checks = 0;
        std::uint64_t denied = 0;
        std::uint64_t warned = 0;
        std::vector<Instant> strikes;  // earliest first
        ComplianceStanding standing = ComplianceStanding::compliant;
        bool has_salt = false;
    };
    // What judging needs and nobody sees.
    struct Scratch {
        Hasher hasher;
        ByteBuffer hashed;
        std::string path;  // of an attribute at fault
        AuditRecord making;
        // The newest link made here: apply() need not hash again what judge() has just hashed.
        ByteBuffer record;
        Sha256 before{};
        Sha256 after{};
    };

    Judgement judge_check(const Case& asked, Effect& effect) const;
    Judgement judge_remediate(const Case& asked, Effect& effect) const;
    std::uint64_t violations(std::string_view action, const ComplianceAttributes& given) const;
    void strike(ComplianceState& state, Instant now) const;
    void read_attributes(Command& command, FieldReader& fields) const;
    // Fills in what all records have; `salt` as is.
    AuditRecord& record_of(const Case& asked, std::string_view action, const Judgement& judgement,
                           const Salt& salt) const;
    void put_record(const AuditRecord& record, const ComplianceState& after, Effect& effect) const;
    void put_state(const ComplianceState& after, Effect& effect) const;
    void put_before(const ComplianceState& before, Effect& effect) const;
    static void announce(const ComplianceState& before, const ComplianceState& after, Reason reason,
                         Instant at, Effect& effect);
    Salt salt_of(const ComplianceState& state) const;
    bool continues(const ComplianceImage& image) const;

    const Tenant* find(TenantIndex tenant) const;
    ComplianceState load(TenantIndex tenant) const;
    void store(TenantIndex tenant, const ComplianceState& state);
    void write_report(Writer& writer, TenantIndex tenant) const;
    void write_chain_place(Writer& writer, std::string_view key) const;

    ComplianceSettings settings_;
    std::uint64_t denying_rules_ = 0;  // by place
    TenantRows<Tenant> tenants_;
    ChainHead head_;
    ChainKept kept_;
    // Since when other strikes count; nothing: since ever.
    std::optional<Instant> changed_at_;
    bool configured_ = false;
    std::unique_ptr<Scratch> scratch_;
    SaltRatchet salts_;
};

}  // namespace flyball
