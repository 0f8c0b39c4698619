// Admit, sentence by sentence of docs/protocol.md: the form of the parts, the order, all or
// nothing, what is told of whom.

#include <gtest/gtest.h>

#include "tests/unit/node/admit_desk.h"

namespace flyball {
namespace {

const Json good_region = {{"region", "eu"}};
const Json bad_region = {{"region", "us"}};

Json all_parts() {
    return {{"id", "a-1"},
            {"entitlement", {{"feature", "basic"}}},
            {"subscription", Json::object()},
            {"compliance", {{"action", "store"}, {"attributes", good_region}}},
            {"quota", {{"hits", 2}}},
            {"billing", {{"amount", 30}}}};
}

struct AdmitTest : testing::Test {
    AdmitTest() { desk.admin("subscription/main", {{"op", "start"}}); }
    Json with(const char* part, Json value) {
        Json request = all_parts();
        request["id"] = part;
        request[part] = std::move(value);
        return request;
    }
    void denies_without_a_trace(const Json& request, const char* denied_by) {
        const Json before = desk.picture();
        const Json reply = desk.admit(request);
        EXPECT_EQ(reply.at("decision"), "deny") << reply;
        EXPECT_EQ(reply.at("denied_by"), denied_by) << reply;
        EXPECT_EQ(desk.picture(), before) << denied_by;
    }
    AdmitDesk desk;
};

void expect_fault(const Json& reply, const char* reason, const char* field) {
    EXPECT_EQ(reply.at("decision"), "error") << reply;
    EXPECT_EQ(reply.value("reason", ""), reason) << reply;
    EXPECT_EQ(reply.value("field", ""), field) << reply;
    EXPECT_FALSE(reply.contains("seq"));
}

TEST_F(AdmitTest, AppliesEveryPartAndShowsEach) {
    const Json reply = desk.admit(all_parts());
    EXPECT_EQ(reply.at("decision"), "allow");
    EXPECT_EQ(reply.at("allowed"), true);
    EXPECT_EQ(reply.at("governor"), "admit");
    EXPECT_EQ(reply.at("tenant"), "acme");
    EXPECT_EQ(reply.at("id"), "a-1");
    EXPECT_FALSE(reply.contains("reason"));
    EXPECT_EQ(reply.at("entitlement").at("value"), true);
    EXPECT_EQ(reply.at("entitlement").at("source"), "tier");
    EXPECT_EQ(reply.at("subscription").at("state"), "trialing");
    EXPECT_EQ(reply.at("subscription").at("days_left"), 5);
    EXPECT_EQ(reply.at("compliance").at("audit").at("seq"), 1);
    EXPECT_EQ(reply.at("quota").at("governor"), "quota/main");
    EXPECT_EQ(reply.at("quota").at("used"), 2);
    EXPECT_EQ(reply.at("quota").at("remaining"), 8);
    EXPECT_EQ(reply.at("billing").at("balance"), 70);
    EXPECT_EQ(desk.used(), 2);
    EXPECT_EQ(desk.balance(), 70);
    EXPECT_EQ(desk.chain_length(), 1U);
}

TEST_F(AdmitTest, TakesAnyPartAloneAndGovernorsByName) {
    EXPECT_EQ(desk.admit({{"quota", {{"governor", "extra"}, {"hits", 3}}}}).at("decision"),
              "allow");
    EXPECT_EQ(desk.used("api_calls", "extra"), 3);
    EXPECT_EQ(desk.used(), 0);
    EXPECT_EQ(desk.admit({{"subscription", Json::object()}}).at("decision"), "allow");
    EXPECT_EQ(desk.admit({{"entitlement", {{"feature", "basic"}}}}).at("decision"), "allow");
    EXPECT_EQ(desk.admit({{"compliance", {{"action", "read"}}}}).at("decision"), "allow");
    EXPECT_EQ(desk.admit({{"id", 9}, {"billing", {{"amount", 1}}}}).at("decision"), "allow");
}

TEST_F(AdmitTest, JudgesInTheOrderOfTheContractNotOfTheKeys) {
    // Every part would deny; then ever more of the first ones would not.
    Json request = {{"id", 1},
                    {"billing", {{"amount", 1000}}},
                    {"quota", {{"hits", 11}}},
                    {"compliance", {{"action", "store"}, {"attributes", bad_region}}},
                    {"subscription", Json::object()},
                    {"entitlement", {{"feature", "export"}}}};
    const auto denied_by = [&](int id) {
        request["id"] = id;
        request["tenant"] = "new";
        return desk.admit(request).at("denied_by").get<std::string>();
    };
    EXPECT_EQ(denied_by(1), "entitlement/main");
    request["entitlement"] = {{"feature", "basic"}};
    EXPECT_EQ(denied_by(2), "subscription/main");
    desk.admin("subscription/main", {{"op", "start"}, {"tenant", "new"}});
    EXPECT_EQ(denied_by(3), "compliance/main");
    request["compliance"]["attributes"] = good_region;
    EXPECT_EQ(denied_by(4), "quota/main");
    request["quota"]["hits"] = 1;
    EXPECT_EQ(denied_by(5), "billing/main");
    request["billing"]["amount"] = 1;
    request["id"] = 6;
    EXPECT_EQ(desk.admit(request).at("decision"), "allow");
}

TEST_F(AdmitTest, TellsOfThePartsThatWereJudgedAndNoOthers) {
    const Json reply = desk.admit(with("quota", {{"hits", 11}}));
    EXPECT_EQ(reply.at("reason"), "exceeds_limit");
    EXPECT_EQ(reply.at("denied_by"), "quota/main");
    EXPECT_FALSE(reply.contains("denied_index")) << "only in an array";
    EXPECT_EQ(reply.at("entitlement").at("decision"), "allow");
    EXPECT_EQ(reply.at("quota").at("decision"), "deny");
    EXPECT_EQ(reply.at("quota").at("reason"), "exceeds_limit");
    EXPECT_EQ(reply.at("quota").at("used"), 0);
    EXPECT_FALSE(reply.contains("billing"));
    EXPECT_TRUE(reply.contains("policy_rev"));
}

TEST_F(AdmitTest, ChangesNothingAnywhereWhenAPartDenies) {
    desk.admit({{"id", 1}, {"quota", {{"hits", 2}}}, {"billing", {{"amount", 5}}}});
    denies_without_a_trace(with("entitlement", {{"feature", "export"}}), "entitlement/main");
    denies_without_a_trace(with("billing", {{"amount", 1000}}), "billing/main");
    denies_without_a_trace({{"id", 7}, {"quota", {{"hits", 11}}}}, "quota/main");
    desk.admin("subscription/main", {{"op", "pause"}});
    denies_without_a_trace(with("quota", Json::object()), "subscription/main");
}

TEST_F(AdmitTest, EnrolsNobodyWhenAPartDenies) {
    const Json reply = desk.admit(
        {{"tenant", "new"}, {"id", 1}, {"quota", {{"hits", 1}}}, {"billing", {{"amount", 101}}}});
    EXPECT_EQ(reply.at("reason"), "insufficient_credit");
    EXPECT_EQ(desk.governor("quota/main").tenants(), 0U);
    EXPECT_EQ(desk.governor("billing/main").tenants(), 0U);
    EXPECT_EQ(desk.admit({{"tenant", "new"}, {"id", 2}, {"quota", {{"hits", 1}}}}).at("decision"),
              "allow");
    EXPECT_EQ(desk.governor("quota/main").tenants(), 1U);
}

TEST_F(AdmitTest, TakesNoRateTokenWhenAnotherPartDenies) {
    desk.admin("entitlement/main", {{"op", "suspend"}});
    for (int id = 0; id < 20; ++id) {
        EXPECT_EQ(desk.admit({{"id", id}, {"quota", {{"hits", 11}}}, {"billing", {{"amount", 1}}}})
                      .at("denied_by"),
                  "quota/main");
    }
    for (int id = 100; id < 105; ++id) {
        EXPECT_EQ(desk.admit({{"id", id}, {"billing", {{"amount", 1}}}}).at("decision"), "allow");
    }
    const Json limited = desk.admit({{"id", 105}, {"billing", {{"amount", 1}}}});
    EXPECT_EQ(limited.at("reason"), "rate_limited");
    EXPECT_EQ(limited.at("retry_after_ms"), 12'000) << "five a minute";
    EXPECT_EQ(desk.balance(), 95);
}

TEST_F(AdmitTest, LeavesTheGovernorsNumbersWhereTheyWere) {
    const std::uint64_t before = desk.governor("quota/main").seq();
    desk.admit({{"id", 1}, {"quota", {{"hits", 1}}}, {"billing", {{"amount", 1000}}}});
    EXPECT_EQ(desk.governor("quota/main").seq(), before);
    desk.admit({{"quota", {{"hits", 1}}}});
    EXPECT_EQ(desk.governor("quota/main").seq(), before + 1);
}

// ---- several parts of a type

TEST_F(AdmitTest, AddsUpPartsOnTheSameCounter) {
    const Json six_and_five = Json::array({{{"hits", 6}}, {{"hits", 5}}});
    const Json denied = desk.admit({{"quota", six_and_five}});
    EXPECT_EQ(denied.at("decision"), "deny");
    EXPECT_EQ(denied.at("reason"), "quota_exceeded");
    EXPECT_EQ(denied.at("denied_index"), 1);
    ASSERT_EQ(denied.at("quota").size(), 2U);
    EXPECT_EQ(denied.at("quota")[0].at("used"), 0) << "levels as they are after the decision";
    EXPECT_EQ(denied.at("quota")[1].at("used"), 0);
    EXPECT_EQ(desk.used(), 0);
    const Json six_and_four = Json::array({{{"hits", 6}}, {{"hits", 4}}});
    const Json allowed = desk.admit({{"quota", six_and_four}});
    EXPECT_EQ(allowed.at("decision"), "allow");
    EXPECT_EQ(allowed.at("quota")[0].at("used"), 10);
    EXPECT_EQ(allowed.at("quota")[1].at("used"), 10);
}

TEST_F(AdmitTest, NamesTheIndexOfTheDenyingPartAmongItsType) {
    const Json reply =
        desk.admit({{"entitlement", Json::array({{{"feature", "basic"}}, {{"feature", "export"}}})},
                    {"quota", Json::array({{{"hits", 1}}})}});
    EXPECT_EQ(reply.at("denied_by"), "entitlement/main");
    EXPECT_EQ(reply.at("denied_index"), 1);
    EXPECT_TRUE(reply.at("entitlement").is_array());
    EXPECT_FALSE(reply.contains("quota"));
}

TEST_F(AdmitTest, KeepsTheShapeOfMapAndArray) {
    EXPECT_TRUE(desk.admit({{"quota", Json::array({{{"hits", 1}}})}}).at("quota").is_array());
    EXPECT_TRUE(desk.admit({{"quota", {{"hits", 1}}}}).at("quota").is_object());
    const Json mixed = desk.admit({{"quota", Json::array({{{"resource", "disk"}, {"hits", 3}},
                                                          {{"governor", "extra"}, {"hits", 4}}})}});
    EXPECT_EQ(mixed.at("quota")[0].at("resource"), "disk");
    EXPECT_EQ(mixed.at("quota")[1].at("governor"), "quota/extra");
    EXPECT_EQ(mixed.at("quota")[1].at("used"), 4);
}

// A stranger is enrolled by the first part that changes something; parts beside it saw nobody.
TEST_F(AdmitTest, ShowsANewTenantTheSameLevelsInEveryPart) {
    const Json parts = Json::array({{{"hits", 0}}, {{"hits", 2}}, {{"hits", 1}}, {{"hits", 0}}});
    const Json allowed = desk.admit({{"tenant", "new"}, {"quota", parts}});
    for (const Json& part : allowed.at("quota")) {
        EXPECT_EQ(part.at("used"), 3) << allowed;
    }
    const Json denied = desk.admit(
        {{"tenant", "newer"}, {"id", 1}, {"quota", parts}, {"billing", {{"amount", 101}}}});
    EXPECT_EQ(denied.at("decision"), "deny");
    for (const Json& part : denied.at("quota")) {
        EXPECT_EQ(part.at("used"), 0) << denied;
        EXPECT_EQ(part.at("state"), "normal");
    }
}

// The place of a stranger that was sent away again may be another tenant's by then.
TEST_F(AdmitTest, ShowsNobodyElsesLevelsWhenAStrangerWasDenied) {
    desk.admit({{"tenant", "first"}, {"quota", {{"hits", 7}}}});
    const Json parts = Json::array({{{"hits", 1}}, {{"hits", 0}}});
    const Json denied = desk.admit(
        {{"tenant", "newer"}, {"id", 1}, {"quota", parts}, {"billing", {{"amount", 101}}}});
    EXPECT_EQ(denied.at("quota")[1].at("used"), 0);
    EXPECT_EQ(denied.at("quota")[1].at("remaining"), 10);
}

// ---- form

TEST_F(AdmitTest, RefusesAnAdmitWithoutParts) {
    expect_fault(desk.admit({{"id", 1}}), "missing_field", "quota");
    expect_fault(desk.admit({{"quota", Json::array()}}), "bad_field", "quota");
    expect_fault(desk.admit({{"quota", nullptr}}), "bad_field", "quota");
    expect_fault(desk.admit({{"billing", Json::array({{{"amount", 1}}})}, {"id", 1}}), "bad_field",
                 "billing");
    expect_fault(desk.admit({{"quota", Json::array({7})}}), "bad_field", "quota");
    const Json nine(std::vector<Json>(9, {{"hits", 1}}));
    expect_fault(desk.admit({{"quota", nine}}), "bad_field", "quota");
    const Json eight(std::vector<Json>(8, {{"hits", 1}}));
    EXPECT_EQ(desk.admit({{"quota", eight}}).at("decision"), "allow");
    EXPECT_EQ(desk.used(), 8);
}

TEST_F(AdmitTest, NamesTheFieldThatIsWrongByItsPath) {
    expect_fault(desk.admit({{"quota", {{"hits", "x"}}}}), "bad_field", "quota.hits");
    expect_fault(desk.admit({{"quota", Json::array({{{"hits", 1}}, {{"hits", -1}}})}}), "bad_field",
                 "quota[1].hits");
    expect_fault(desk.admit({{"entitlement", Json::object()}}), "missing_field",
                 "entitlement.feature");
    expect_fault(desk.admit({{"compliance", Json::object()}}), "missing_field",
                 "compliance.action");
    expect_fault(desk.admit({{"id", 1}, {"billing", {{"amount", 0}}}}), "bad_field",
                 "billing.amount");
    expect_fault(desk.admit({{"quota", {{"governor", 5}}}}), "bad_field", "quota.governor");
}

TEST_F(AdmitTest, RefusesPartialWhateverItsValue) {
    for (const Json& value : {Json(true), Json(false), Json(nullptr)}) {
        expect_fault(desk.admit({{"quota", {{"partial", value}}}}), "bad_field", "quota.partial");
    }
    expect_fault(desk.admit({{"quota", Json::array({{{"partial", true}}})}}), "bad_field",
                 "quota[0].partial");
}

TEST_F(AdmitTest, RefusesAGovernorThatIsNotThere) {
    expect_fault(desk.admit({{"quota", {{"governor", "none"}}}}), "unknown_governor",
                 "quota.governor");
    expect_fault(desk.admit({{"billing", {{"governor", "none"}, {"amount", 1}}}, {"id", 1}}),
                 "unknown_governor", "billing.governor");
}

TEST_F(AdmitTest, ChecksTheFormOfAllPartsBeforeItJudgesAny) {
    const Json before = desk.picture();
    Json request = all_parts();
    request["entitlement"] = {{"feature", "export"}};  // would deny
    request["billing"] = {{"amount", "much"}};
    expect_fault(desk.admit(request), "bad_field", "billing.amount");
    request["billing"] = {{"amount", 1}, {"governor", "none"}};
    expect_fault(desk.admit(request), "unknown_governor", "billing.governor");
    EXPECT_EQ(desk.picture(), before);
    EXPECT_EQ(desk.chain_length(), 0U);
    EXPECT_EQ(desk.engine().admit().seq(), 0U);
    EXPECT_EQ(desk.engine().admit().counts().error, 2U);
}

TEST_F(AdmitTest, NeedsAnIdForBillingOnly) {
    expect_fault(desk.admit({{"billing", {{"amount", 1}}}}), "missing_field", "id");
    EXPECT_EQ(desk.admit({{"quota", {{"hits", 1}}}}).at("decision"), "allow");
    AdmitDesk trusting(
        AdmitDesk::usual_but("billing/main", {{"opening_credit", 9}, {"require_id", false}}));
    EXPECT_EQ(trusting.admit({{"billing", {{"amount", 1}}}}).at("decision"), "allow");
}

TEST_F(AdmitTest, ChecksTheEntryAsAnyOther) {
    expect_fault(Json::parse(desk.bytes("admit/request", R"({"quota":{}})")), "missing_field",
                 "tenant");
    expect_fault(desk.admit({{"op", "get"}, {"quota", Json::object()}}), "unknown_op", "op");
    EXPECT_EQ(desk.admit({{"op", "get"}}).at("supported"), Json::array({"check"}));
    expect_fault(desk.admit({{"must", {"hover"}}, {"quota", Json::object()}}), "unsupported",
                 "hover");
    const Json known = {"admit", "admit-array", "quota", "billing", "id-window"};
    EXPECT_EQ(desk.admit({{"must", known}, {"quota", Json::object()}}).at("decision"), "allow");
    expect_fault(desk.admit({{"id", ""}, {"quota", Json::object()}}), "bad_field", "id");
}

TEST_F(AdmitTest, BindsTheTenantOfTheTopic) {
    const std::string here = "admit/request/acme";
    EXPECT_EQ(Json::parse(desk.bytes(here, R"({"quota":{"hits":2}})")).at("tenant"), "acme");
    EXPECT_EQ(desk.used(), 2);
    const Json other = Json::parse(desk.bytes(here, R"({"tenant":"b","quota":{}})"));
    expect_fault(other, "tenant_mismatch", "tenant");
    EXPECT_EQ(desk.used(), 2);
}

TEST_F(AdmitTest, NamesWhatItIgnored) {
    const Json reply =
        desk.admit({{"colour", 1}, {"x_mine", 2}, {"quota", {{"hits", 1}, {"shape", 3}}}});
    EXPECT_EQ(reply.at("ignored"), Json::array({"colour", "quota.shape"}));
}

TEST_F(AdmitTest, RefusesAKeyTwiceInAPart) {
    const Json reply = Json::parse(
        desk.bytes("admit/request", R"({"tenant":"acme","quota":{"hits":1,"hits":2}})"));
    EXPECT_EQ(reply.at("reason"), "malformed");
    EXPECT_EQ(desk.used(), 0);
}

}  // namespace
}  // namespace flyball
