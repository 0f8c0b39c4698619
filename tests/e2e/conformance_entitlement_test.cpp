// Types entitlement and compliance, op by op, over a real broker in both encodings.

#include "tests/e2e/conformance_desk.h"

namespace flyball::testing {
namespace {

Json feature(const char* name, const Json& more = Json::object()) {
    Json fields = more;
    fields["feature"] = name;
    return fields;
}

Json store(const Json& attributes) {
    return {{"action", "store"}, {"attributes", attributes}};
}

TEST_F(Conformance, EntitlementIsWhatTierAndGrantsGive) {
    desk().tell(
        "entitlement/main", "user",
        {
            {.op = "check",
             .fields = feature("basic"),
             .says = "allow",
             .state = "entitled",
             .shows = {{"value", true}, {"source", "tier"}, {"tier", "free"}}},
            {.op = "check",
             .fields = feature("export"),
             .says = "deny not_entitled",
             .state = "entitled"},
            {.op = "grant", .fields = feature("export", {{"value", "csv"}}), .says = "ok"},
            {.op = "check",
             .fields = feature("export"),
             .says = "allow",
             .shows = {{"value", "csv"}, {"source", "grant"}}},
            {.op = "revoke", .fields = feature("basic"), .says = "ok"},
            {.op = "check", .fields = feature("basic"), .says = "deny revoked"},
            {.op = "clear", .fields = feature("basic"), .says = "ok"},
            {.op = "check", .fields = feature("basic"), .says = "allow"},
            {.op = "grant", .fields = feature("beta", {{"ttl_ms", 50}}), .says = "ok"},
            {.op = "check", .fields = feature("beta"), .says = "deny expired", .soon = true},
            {.op = "set_tier",
             .fields = {{"tier", "pro"}},
             .says = "ok",
             .shows = {{"tier", "pro"}}},
            {.op = "check", .fields = feature("seats"), .says = "allow", .shows = {{"value", 25}}},
            {.op = "suspend", .says = "ok", .state = "suspended", .event = "state_changed"},
            {.op = "check",
             .fields = feature("basic"),
             .says = "deny suspended",
             .state = "suspended"},
            {.op = "resume", .says = "ok", .state = "entitled", .event = "state_changed"},
            {.op = "get", .says = "ok", .shows = {{"tier", "pro"}}},
            {.op = "forget", .says = "ok", .event = "tenant_forgotten"},
        });
    desk().tell("entitlement/closed", "stranger",
                {
                    {.op = "check", .fields = feature("basic"), .says = "deny unknown_tenant"},
                    {.op = "set_tier", .fields = {{"tier", "free"}}, .says = "ok"},
                    {.op = "check", .fields = feature("basic"), .says = "allow"},
                });
    desk().expect_ops_of("entitlement/main");
}

TEST_F(Conformance, ComplianceCountsStrikesUntilTheyHaveLeftTheirWindow) {
    desk().tell("compliance/main", "shop",
                {
                    {.op = "check",
                     .fields = store({{"region", "eu-west"}}),
                     .says = "allow",
                     .state = "compliant"},
                    {.op = "check",
                     .fields = store({{"region", "us-east"}}),
                     .says = "deny violation",
                     .shows = {{"violations", {"eu-only"}}}},
                    {.op = "check",
                     .fields = store({{"region", 7}}),
                     .says = "deny violation",
                     .state = "non_compliant",
                     .event = "state_changed",
                     .soon = true},
                    {.op = "get",
                     .says = "ok",
                     .state = "compliant",
                     .event = "state_changed",
                     .soon = true},
                    {.op = "report", .says = "allow"},
                });
    desk().tell("compliance/closed", "stranger",
                {
                    {.op = "check", .fields = store(Json::object()), .says = "deny unknown_tenant"},
                    {.op = "remediate", .says = "ok"},
                    {.op = "check", .fields = store(Json::object()), .says = "allow"},
                });
}

TEST_F(Conformance, ComplianceLocksOutUntilRemediated) {
    desk().tell(
        "compliance/strict", "shop",
        {
            {.op = "check",
             .fields = store({{"region", "us"}}),
             .says = "deny violation",
             .state = "non_compliant"},
            {.op = "check",
             .fields = store({{"region", "eu-north"}}),
             .says = "deny locked_out",
             .state = "non_compliant"},
            {.op = "remediate", .says = "ok", .state = "remediation", .event = "state_changed"},
            {.op = "get", .says = "ok", .state = "remediation"},
            {.op = "check",
             .fields = store({{"region", "eu-north"}}),
             .says = "allow",
             .state = "compliant",
             .event = "state_changed"},
            {.op = "report",
             .says = "allow",
             .shows = {{"checks", 3}, {"denied", 2}, {"warned", 0}}},
            {.op = "forget", .says = "ok", .event = "tenant_forgotten"},
        });
    desk().expect_ops_of("compliance/main");
}

}  // namespace
}  // namespace flyball::testing
