// admit: one decision across all five types, over a real broker in both encodings.

#include <fmt/core.h>

#include "tests/e2e/conformance_desk.h"

namespace flyball::testing {
namespace {

Json all_parts(const char* region) {
    return {{"entitlement", {{"feature", "basic"}}},
            {"subscription", Json::object()},
            {"compliance", {{"action", "store"}, {"attributes", {{"region", region}}}}},
            {"quota", {{"resource", "calls"}, {"hits", 2}}},
            {"billing", {{"amount", 25}}}};
}

Json with(Json request, const char* key, const Json& value) {
    request[key] = value;
    return request;
}

Json used(int calls) {
    return {{"resources", {{"calls", {{"used", calls}}}}}};
}

TEST_F(Conformance, AdmitIsAllOrNothing) {
    const std::vector<Row> opened = {
        {.op = "topup", .fields = {{"amount", 100}}, .says = "ok"},
    };
    const Json fine = all_parts("eu-west");
    const std::vector<Row> asked = {
        {.op = "check",
         .fields = fine,
         .says = "allow",
         .shows = {{"governor", "admit"},
                   {"entitlement", {{"value", true}, {"source", "tier"}}},
                   {"subscription", {{"plan", "std"}}},
                   {"quota", {{"used", 2}, {"remaining", 8}}},
                   {"billing", {{"balance", 75}}}}},
        {.op = "check",
         .fields = with(fine, "entitlement", {{"feature", "export"}}),
         .says = "deny not_entitled",
         .shows = {{"denied_by", "entitlement/main"}}},
        {.op = "check",
         .fields = all_parts("us-east"),
         .says = "deny violation",
         .shows = {{"denied_by", "compliance/main"}}},
        {.op = "check",
         .fields =
             with(fine, "quota",
                  Json::array({{{"resource", "calls"}}, {{"resource", "calls"}, {"hits", 8}}})),
         .says = "deny quota_exceeded",
         .shows = {{"denied_by", "quota/main"}, {"denied_index", 1}}},
        {.op = "check",
         .fields = with(fine, "billing", {{"amount", 76}}),
         .says = "deny insufficient_credit",
         .shows = {{"denied_by", "billing/main"}}},
    };
    for (const Wire wire : wires) {
        desk().tell("billing/main", "customer", opened, wire);
        desk().tell("subscription/main", "customer", {{.op = "start", .says = "ok"}}, wire);
        desk().tell("admit", "customer", asked, wire);
        // What was denied has left no trace.
        desk().tell("quota/main", "customer", {{.op = "get", .says = "ok", .shows = used(2)}},
                    wire);
        desk().tell("billing/main", "customer",
                    {{.op = "get", .says = "ok", .shows = {{"balance", 75}}}}, wire);
    }
}

TEST_F(Conformance, AdmitIsDoneOnceForOneId) {
    for (const Wire wire : wires) {
        const std::string tenant = fmt::format("twice-{}", text_of(wire));
        const Json request = {{"tenant", tenant}, {"id", "once"}, {"quota", {{"hits", 3}}}};
        const Json first = desk().ask("admit/request", request, wire);
        const Json again = desk().ask("admit/request", request, wire);
        EXPECT_EQ(first.at("decision"), "allow") << first;
        EXPECT_EQ(again.at("replayed"), true) << again;
        EXPECT_EQ(again.at("seq"), first.at("seq"));
        EXPECT_EQ(again.at("quota").at("used"), 3);
    }
}

TEST_F(Conformance, AdmitNamesThePartThatIsWrong) {
    const Json hits = {{"quota", {{"hits", -1}}}};
    desk().tell("admit", "wrong",
                {
                    {.op = "check", .says = "error missing_field"},
                    {.op = "check",
                     .fields = hits,
                     .says = "error bad_field",
                     .shows = {{"field", "quota.hits"}}},
                    {.op = "check",
                     .fields = {{"quota", {{"partial", true}}}},
                     .says = "error bad_field",
                     .shows = {{"field", "quota.partial"}}},
                    {.op = "check",
                     .fields = {{"entitlement", {{"feature", "a"}, {"governor", "b"}}}},
                     .says = "error unknown_governor",
                     .shows = {{"field", "entitlement.governor"}}},
                });
    desk().expect_ops_of("admit");
}

// A tenant may be called like a topic's level: the node has one filter for admit's tenants and
// others that match these two topics as well.
TEST_F(Conformance, AdmitDecidesOnceWhateverTheTenantIsCalled) {
    for (const std::string tenant : {"request", "admin"}) {
        for (const Wire wire : wires) {
            const Json before =
                desk().ask("quota/main/request", {{"tenant", tenant}, {"hits", 0}}, wire);
            const BusClient::Arrived reply = desk().ask_raw(
                "admit/request/" + tenant, {.payload = bytes_of({{"quota", Json::object()}}, wire),
                                            .response_topic = "conformance/reply/1"});
            EXPECT_EQ(document_of(reply.payload, wire).at("decision"), "allow");
            const Json after =
                desk().ask("quota/main/request", {{"tenant", tenant}, {"hits", 0}}, wire);
            EXPECT_EQ(after.at("used"), before.at("used").get<int>() + 1);
        }
    }
}

}  // namespace
}  // namespace flyball::testing
