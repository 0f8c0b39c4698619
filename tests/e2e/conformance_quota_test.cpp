// Type quota, op by op, over a real broker in both encodings.

#include "tests/e2e/conformance_desk.h"

namespace flyball::testing {
namespace {

Json calls(const Json& more = Json::object()) {
    Json fields = more;
    fields["resource"] = "calls";
    return fields;
}

Json disk(const Json& more) {
    Json fields = more;
    fields["resource"] = "disk";
    return fields;
}

TEST_F(Conformance, QuotaCountsUpToItsLimitAndSaysWhyNotBeyond) {
    desk().tell(
        "quota/main", "counts",
        {
            {.op = "check",
             .fields = calls(),
             .says = "allow",
             .state = "normal",
             .shows = {{"limit", 10}, {"used", 1}, {"remaining", 9}}},
            {.op = "check",
             .fields = calls({{"hits", 7}}),
             .says = "allow",
             .state = "warning",
             .event = "quota_warning"},
            {.op = "check",
             .fields = calls({{"hits", 3}}),
             .says = "deny quota_exceeded",
             .state = "warning",
             .shows = {{"used", 8}}},
            {.op = "check",
             .fields = calls({{"hits", 3}, {"partial", true}}),
             .says = "allow",
             .state = "exceeded",
             .event = "quota_exceeded",
             .shows = {{"granted", 2}}},
            {.op = "check", .fields = calls({{"hits", 0}}), .says = "allow", .state = "exceeded"},
            {.op = "check", .fields = calls({{"hits", 11}}), .says = "deny exceeds_limit"},
            {.op = "check", .fields = {{"resource", "nothing"}}, .says = "deny unknown_resource"},
            {.op = "get",
             .fields = calls(),
             .says = "ok",
             .shows = {{"resources", {{"calls", {{"used", 10}, {"overridden", false}}}}}}},
        });
}

TEST_F(Conformance, QuotaIsSetAndGivenBackByOperators) {
    desk().tell(
        "quota/main", "set",
        {
            {.op = "check", .fields = calls({{"hits", 9}}), .says = "allow", .state = "warning"},
            {.op = "refund",
             .fields = calls({{"hits", 5}}),
             .says = "ok",
             .state = "normal",
             .shows = {{"used", 4}}},
            {.op = "set_limit",
             .fields = calls({{"limit", 3}}),
             .says = "ok",
             .state = "exceeded",
             .shows = {{"used", 4}, {"remaining", 0}}},
            {.op = "reset",
             .fields = calls(),
             .says = "ok",
             .state = "normal",
             .shows = {{"used", 0}, {"limit", 3}}},
            {.op = "set_limit",
             .fields = {{"resource", "tokens"}, {"limit", 5}, {"burst", 8}},
             .says = "ok",
             .shows = {{"limit", 8}}},
            {.op = "set",
             .fields = disk({{"value", 4}}),
             .says = "ok",
             .shows = {{"used", 4}, {"remaining", 6}}},
            {.op = "release",
             .fields = disk({{"hits", 9}}),
             .says = "allow",
             .shows = {{"used", 0}}},
            {.op = "refund",
             .fields = disk({{"hits", 1}}),
             .says = "error bad_field",
             .shows = {{"field", "op"}}},
            {.op = "forget", .says = "ok", .event = "tenant_forgotten"},
            {.op = "check",
             .fields = calls({{"hits", 0}}),
             .says = "allow",
             .shows = {{"limit", 10}}},
        });
}

TEST_F(Conformance, QuotaKnowsNobodyWhoWasNotEnrolled) {
    desk().tell("quota/closed", "stranger",
                {
                    {.op = "check", .says = "deny unknown_tenant"},
                    {.op = "set_limit", .fields = {{"limit", 5}}, .says = "ok"},
                    {.op = "check", .says = "allow", .shows = {{"remaining", 4}}},
                });
}

TEST_F(Conformance, QuotaHasTheOpsOfTheProtocol) {
    desk().expect_ops_of("quota/main");
}

}  // namespace
}  // namespace flyball::testing
