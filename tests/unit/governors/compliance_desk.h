#pragma once
// Compliance rules that are asked in JSON, the way a caller would, without a governor around them:
// what is decided is applied at once, and what would be journalled is kept.

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "governors/compliance.h"

namespace flyball {

using Json = nlohmann::json;

struct ComplianceAnswer {
    Verdict verdict = Verdict::error;
    Reason reason = Reason::none;
    std::string field;
    Json keys;  // the type's own keys
    std::string state;
    bool look = false;
};

// A record as a journal would keep it, and what was asked.
struct KeptRecord {
    std::string bytes{};
    Sha256 hash{};
    Salt salt{};  // of its tenant, when it was asked
    std::string tenant{};
    Json attributes{};
};

class ComplianceDesk {
public:
    static constexpr std::string_view policy_rev = "0123456789ab";

    explicit ComplianceDesk(Tree::Map settings = {}, const RulesContext& context = some_context());
    static RulesContext some_context();

    // {} is a check of the action "store" without attributes.
    ComplianceAnswer ask(std::int64_t ms, Json request = Json::object(), TenantIndex tenant = 0);
    ComplianceAnswer rehearse(std::int64_t ms, Json request = Json::object(),
                              TenantIndex tenant = 0);
    // What a governor does when it forgets a tenant, and when an admit was denied by another.
    void forget(std::int64_t ms, TenantIndex tenant = 0);
    void take_back(TenantIndex tenant = 0);
    void pass_time(std::int64_t ms, TenantIndex tenant = 0);
    void configure(Tree::Map settings, std::int64_t ms);

    // As "compliant>non_compliant@5", since the last call.
    std::vector<std::string> take_changes();
    // Every tenant's images, one after the other, without the chain.
    std::string image(TenantIndex tenants = 4) const;
    // The images that walk() gives, chain first, put into another desk.
    bool copy_to(Compliance& other, TenantIndex tenants = 4) const;

    Compliance rules;
    Effect effect;  // of the last ask
    std::vector<KeptRecord> records;

private:
    ComplianceAnswer decide(std::int64_t ms, Json request, TenantIndex tenant, bool dry_run);
    void put_in_place(TenantIndex tenant, const Json& attributes);

    std::vector<std::string> changes_;
};

std::string tenant_name(TenantIndex tenant);
// {"id": "r", "actions": "*", "attribute": "a", "op": op, "value": value}
Tree::Map a_rule(const char* op, Tree value);
// One rule on every action: the attribute `ok` is true.
Tree::List ok_rule();

}  // namespace flyball
