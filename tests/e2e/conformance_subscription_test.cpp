// Type subscription, op by op and by time alone, over a real broker in both encodings.

#include "tests/e2e/conformance_desk.h"

namespace flyball::testing {
namespace {

TEST_F(Conformance, SubscriptionIsMovedByOps) {
    desk().tell(
        "subscription/main", "member",
        {
            {.op = "check", .says = "deny no_subscription", .state = "none"},
            {.op = "start",
             .says = "ok",
             .state = "trialing",
             .event = "state_changed",
             .shows = {{"plan", "std"}, {"days_left", 7}, {"auto_renew", true}}},
            {.op = "check", .says = "allow", .state = "trialing"},
            {.op = "paid", .says = "ok", .state = "active"},
            {.op = "check", .says = "allow", .state = "active"},
            {.op = "payment_failed", .says = "ok", .state = "past_due"},
            {.op = "check", .says = "allow", .state = "past_due", .shows = {{"days_left", 1}}},
            {.op = "paid", .fields = {{"periods", 2}}, .says = "ok", .state = "active"},
            {.op = "pause", .says = "ok", .state = "paused"},
            {.op = "check", .says = "deny paused", .state = "paused"},
            {.op = "payment_failed", .says = "error bad_field", .shows = {{"field", "op"}}},
            {.op = "resume", .says = "ok", .state = "active"},
            {.op = "cancel", .says = "ok", .state = "canceling"},
            {.op = "check", .says = "allow", .state = "canceling"},
            {.op = "resume", .says = "ok", .state = "active"},
            {.op = "change_plan",
             .fields = {{"plan", "other"}},
             .says = "ok",
             .shows = {{"plan", "other"}}},
            {.op = "set_auto_renew",
             .fields = {{"value", false}},
             .says = "ok",
             .shows = {{"auto_renew", false}}},
            {.op = "cancel",
             .fields = {{"at_period_end", false}},
             .says = "ok",
             .state = "canceled"},
            {.op = "check", .says = "deny canceled", .state = "canceled"},
            {.op = "start", .fields = {{"plan", "other"}}, .says = "ok", .state = "active"},
            {.op = "get", .says = "ok", .state = "active"},
            {.op = "forget", .says = "ok", .event = "tenant_forgotten"},
            {.op = "get", .says = "deny no_subscription", .state = "none"},
        });
    desk().expect_ops_of("subscription/main");
}

TEST_F(Conformance, SubscriptionIsRenewedByTimeAlone) {
    desk().tell("subscription/main", "renewing",
                {
                    {.op = "start",
                     .fields = {{"plan", "quick"}},
                     .says = "ok",
                     .state = "trialing",
                     .event = "trial_ending"},
                    {.op = "check", .says = "allow", .state = "active", .soon = true},
                    {.op = "check", .says = "allow", .state = "active", .event = "period_ending"},
                    {.op = "check", .says = "allow", .event = "subscription_renewed"},
                    {.op = "cancel", .says = "ok", .state = "canceling"},
                    {.op = "check", .says = "deny canceled", .state = "canceled", .soon = true},
                });
}

TEST_F(Conformance, SubscriptionLapsesByTimeAlone) {
    desk().tell("subscription/lapsing", "trial",
                {
                    {.op = "start", .says = "ok", .state = "trialing"},
                    {.op = "check", .says = "deny expired", .state = "expired", .soon = true},
                });
    desk().tell("subscription/lapsing", "unpaid",
                {
                    {.op = "start", .fields = {{"trial", false}}, .says = "ok", .state = "active"},
                    {.op = "check", .says = "allow", .state = "past_due", .soon = true},
                    {.op = "check", .says = "deny expired", .state = "expired", .soon = true},
                });
}

}  // namespace
}  // namespace flyball::testing
