// Type billing, op by op, over a real broker in both encodings.

#include "tests/e2e/conformance_desk.h"

namespace flyball::testing {
namespace {

TEST_F(Conformance, BillingMovesMoneyAndHoldsIt) {
    desk().tell(
        "billing/main", "account",
        {
            {.op = "check", .fields = {{"amount", 1}}, .says = "deny unknown_tenant"},
            {.op = "topup",
             .fields = {{"amount", 100}},
             .says = "ok",
             .state = "active",
             .shows = {{"balance", 100}, {"currency", "USD"}, {"scale", 2}}},
            {.op = "check", .fields = {{"amount", 100}}, .says = "allow", .state = "active"},
            {.op = "charge",
             .fields = {{"amount", 30}},
             .says = "allow",
             .state = "active",
             .shows = {{"balance", 70}}},
            {.op = "charge",
             .fields = {{"amount", 75}},
             .says = "deny insufficient_credit",
             .shows = {{"short_by", 5}}},
            {.op = "hold",
             .fields = {{"hold", "order"}, {"amount", 40}},
             .says = "allow",
             .shows = {{"held", 40}, {"available", 30}}},
            {.op = "hold",
             .fields = {{"hold", "order"}, {"amount", 1}},
             .says = "deny hold_exists"},
            {.op = "capture",
             .fields = {{"hold", "order"}, {"amount", 41}},
             .says = "deny exceeds_hold"},
            {.op = "capture",
             .fields = {{"hold", "order"}, {"amount", 15}},
             .says = "allow",
             .shows = {{"balance", 55}, {"held", 0}}},
            {.op = "capture", .fields = {{"hold", "order"}}, .says = "deny unknown_hold"},
            {.op = "hold", .fields = {{"hold", "table"}, {"amount", 5}}, .says = "allow"},
            {.op = "release",
             .fields = {{"hold", "table"}},
             .says = "allow",
             .shows = {{"held", 0}}},
            {.op = "refund", .fields = {{"amount", 5}}, .says = "ok", .shows = {{"balance", 60}}},
            {.op = "get",
             .says = "ok",
             .shows = {{"opening", 0},
                       {"charged_total", 45},
                       {"credited_total", 105},
                       {"holds", Json::array()}}},
            {.op = "forget", .says = "ok", .event = "tenant_forgotten"},
            {.op = "get", .says = "deny unknown_tenant"},
        });
}

TEST_F(Conformance, BillingLetsAHoldExpireByItself) {
    desk().tell("billing/main", "late",
                {
                    {.op = "topup", .fields = {{"amount", 100}}, .says = "ok"},
                    {.op = "hold",
                     .fields = {{"hold", "h"}, {"amount", 10}, {"ttl_ms", 50}},
                     .says = "allow",
                     .event = "hold_expired"},
                    {.op = "capture", .fields = {{"hold", "h"}}, .says = "deny hold_expired"},
                    {.op = "release", .fields = {{"hold", "h"}}, .says = "deny hold_expired"},
                });
}

TEST_F(Conformance, BillingGoesBelowZeroOnlyAsFarAsAllowed) {
    desk().tell(
        "billing/main", "overdrawn",
        {
            {.op = "topup", .fields = {{"amount", 50}}, .says = "ok"},
            {.op = "charge", .fields = {{"amount", 35}}, .says = "allow", .event = "credit_low"},
            {.op = "set_overage",
             .fields = {{"amount", 100}},
             .says = "ok",
             .state = "active",
             .shows = {{"available", 115}}},
            {.op = "charge",
             .fields = {{"amount", 20}},
             .says = "allow",
             .state = "overage",
             .event = "state_changed",
             .shows = {{"balance", -5}}},
            {.op = "suspend", .says = "ok", .state = "suspended", .event = "state_changed"},
            {.op = "check",
             .fields = {{"amount", 1}},
             .says = "deny suspended",
             .state = "suspended"},
            {.op = "resume", .says = "ok", .state = "overage"},
        });
}

TEST_F(Conformance, BillingLimitsHowOftenAndHowMany) {
    std::vector<Row> rows = {
        {.op = "topup", .fields = {{"amount", 1000}}, .says = "ok"},
        {.op = "set_rate_limit", .fields = {{"per_minute", 0}}, .says = "ok"},
    };
    for (int i = 0; i < 64; ++i) {
        rows.push_back({.op = "hold",
                        .fields = {{"hold", "h" + std::to_string(i)}, {"amount", 1}},
                        .says = "allow"});
    }
    rows.push_back({.op = "hold",
                    .fields = {{"hold", "one more"}, {"amount", 1}},
                    .says = "deny too_many_holds"});
    rows.push_back({.op = "set_rate_limit", .fields = {{"per_minute", 1}}, .says = "ok"});
    rows.push_back({.op = "charge", .fields = {{"amount", 1}}, .says = "allow"});
    rows.push_back({.op = "charge", .fields = {{"amount", 1}}, .says = "deny rate_limited"});
    desk().tell("billing/main", "busy", rows);
}

TEST_F(Conformance, BillingHasTheOpsOfTheProtocol) {
    desk().expect_ops_of("billing/main");
}

}  // namespace
}  // namespace flyball::testing
