#pragma once
// Rules of the type `billing`: a prepaid account with holds, in whole units of 10^-scale of a
// currency (docs/protocol.md, billing). Owned by its Governor, one thread at a time. 96 bytes an
// account and about 60 a hold; bounded by 64 holds an account and the governor's tenants.
// Command: name = hold, amount = amount or per_minute (-1: a capture of all), second = ttl.

#include <string>
#include <vector>

#include "governors/billing_image.h"
#include "governors/billing_ledger.h"
#include "governors/rules.h"
#include "governors/tenant_rows.h"

namespace flyball {

class Billing final : public Rules {
public:
    static constexpr std::size_t holds_max = 64;  // of an account, open and expired

    Billing() = default;  // with the default settings

    std::span<const Op> ops() const override;
    std::span<const std::string_view> field_names() const override;
    std::string_view admit_op() const override { return "charge"; }
    bool requires_id(std::string_view op) const override;
    Newcomer newcomer(const Command& command) const override;
    void read(Command& command, FieldReader& fields) const override;
    Judgement judge(const Case& asked, Effect& effect) const override;
    bool apply(TenantIndex tenant, std::span<const std::byte> image) override;
    bool apply_effect(TenantIndex tenant, const Effect& effect) override;
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
    struct Hold {
        std::string name;
        std::int64_t amount = 0;
        Instant end;
        bool expired = false;
    };
    struct Account {
        BillingLedger ledger;
        std::vector<Hold> holds;  // by name
    };
    // An account on its way through a judgement: what it was, what it will be.
    struct Turn;

    const Account& account_of(TenantIndex tenant) const { return accounts_.of(tenant); }
    // As it is, or as it would be if it were opened now.
    BillingLedger ledger_of(TenantIndex tenant) const;
    // Whether its levels are told: it is open, or answered as if it were.
    bool answered(TenantIndex tenant) const {
        return account_of(tenant).ledger.open || settings_.opening_credit > 0;
    }
    static const Hold* find(const Account& account, std::string_view name);
    bool place(TenantIndex tenant, const BillingImage& image);
    static bool change_hold(Account& account, const BillingHoldChange& change);
    static const Hold* first_to_end(const Account& account);
    static BillingHoldChange put_back(const Hold& hold);

    Reason judge_request(Turn& turn, Judgement& judgement) const;
    Reason judge_spending(Turn& turn, Judgement& judgement) const;
    Reason judge_new_hold(Turn& turn) const;
    Reason judge_old_hold(Turn& turn) const;
    bool change_terms(Turn& turn) const;
    void finish(Turn& turn, Instant at, Effect& effect) const;
    void write_holds(Writer& writer, const Account& account, Instant now) const;

    BillingSettings settings_;
    TenantRows<Account> accounts_;
    mutable ByteBuffer image_;
    // Of the newest effect on a ledger alone: what will be, its number (Effect::stamp).
    mutable BillingLedger after_;
    mutable std::uint64_t stamp_ = 1;  // of no effect yet
};

}  // namespace flyball
