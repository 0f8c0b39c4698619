// Admit beside its decision: ids, numbers, tenants, observe mode, the compliance part's record.

#include <gtest/gtest.h>

#include "tests/unit/node/admit_desk.h"

namespace flyball {
namespace {

const Json good_region = {{"region", "eu"}};
const Json bad_region = {{"region", "us"}};

Json hits(int count) {
    return {{"hits", count}};
}

Json storing(const Json& attributes) {
    return {{"action", "store"}, {"attributes", attributes}};
}

// ---- ids and numbers

TEST(AdmitIds, AnswersARepeatedIdAsTheFirstTimeWithTodaysLevels) {
    AdmitDesk desk;
    const Json request = {{"id", 42}, {"quota", hits(3)}, {"billing", {{"amount", 10}}}};
    const Json first = desk.admit(request);
    desk.ask("quota/main/request", hits(2));
    const Json again = desk.admit(request);
    EXPECT_EQ(again.at("replayed"), true);
    EXPECT_EQ(again.at("decision"), "allow");
    EXPECT_EQ(again.at("seq"), first.at("seq"));
    EXPECT_EQ(again.at("quota").at("used"), 5);
    EXPECT_EQ(again.at("billing").at("balance"), 90);
    EXPECT_EQ(desk.used(), 5);
    EXPECT_EQ(desk.engine().admit().counts().replayed, 1U);
    EXPECT_EQ(desk.engine().admit().counts().allow, 1U);
}

TEST(AdmitIds, RemembersADenialThatWaitingDoesNotCure) {
    AdmitDesk desk;
    const Json request = {{"id", "n"}, {"quota", hits(1)}, {"billing", {{"amount", 101}}}};
    const Json first = desk.admit(request);
    EXPECT_EQ(first.at("billing").at("short_by"), 1);
    desk.admin("billing/main", {{"op", "topup"}, {"amount", 50}, {"id", "t"}});
    const Json again = desk.admit(request);
    EXPECT_EQ(again.at("replayed"), true);
    EXPECT_EQ(again.at("decision"), "deny");
    EXPECT_EQ(again.at("reason"), "insufficient_credit");
    EXPECT_EQ(again.at("seq"), first.at("seq"));
    EXPECT_EQ(again.dump().find("short_by"), std::string::npos);
}

TEST(AdmitIds, DecidesADenialAnewThatWaitingCures) {
    AdmitDesk desk;
    desk.ask("quota/main/request", hits(10));
    const Json request = {{"id", 1}, {"quota", hits(1)}};
    const Json denied = desk.admit(request);
    EXPECT_EQ(denied.at("reason"), "quota_exceeded");
    EXPECT_EQ(denied.at("retry_after_ms"), 3'600'000);
    desk.pass(Span{3'600'000});
    const Json allowed = desk.admit(request);
    EXPECT_EQ(allowed.at("decision"), "allow");
    EXPECT_FALSE(allowed.contains("replayed"));
    EXPECT_GT(allowed.at("seq"), denied.at("seq"));
}

TEST(AdmitIds, RefusesAnIdWithOtherContent) {
    AdmitDesk desk;
    desk.admit({{"id", 1}, {"quota", hits(1)}});
    const Json same = {{"id", 1}, {"quota", {{"hits", 1}, {"governor", "main"}, {"x_n", 1}}}};
    EXPECT_EQ(desk.admit(same).at("replayed"), true) << "defaults and ignored keys are no content";
    const std::vector<Json> others = {{{"quota", hits(2)}},
                                      {{"quota", {{"hits", 1}, {"governor", "extra"}}}},
                                      {{"quota", hits(1)}, {"entitlement", {{"feature", "basic"}}}},
                                      {{"quota", Json::array({hits(1), hits(0)})}}};
    for (Json other : others) {
        other["id"] = 1;
        const Json reply = desk.admit(other);
        EXPECT_EQ(reply.at("reason"), "id_reused") << other;
        EXPECT_EQ(reply.at("field"), "id");
    }
    EXPECT_EQ(desk.used(), 1);
}

TEST(AdmitIds, AreATenantsOwnAndTellNumbersFromTexts) {
    AdmitDesk desk;
    desk.admit({{"id", 1}, {"quota", hits(1)}});
    EXPECT_FALSE(desk.admit({{"id", "1"}, {"quota", hits(1)}}).contains("replayed"));
    EXPECT_FALSE(desk.admit({{"tenant", "b"}, {"id", 1}, {"quota", hits(1)}}).contains("replayed"));
    EXPECT_EQ(desk.used(), 2);
}

TEST(AdmitIds, AreNotTheGovernorsIds) {
    AdmitDesk desk;
    desk.admit({{"id", 1}, {"quota", hits(1)}, {"billing", {{"amount", 1}}}});
    EXPECT_EQ(desk.governor("quota/main").ids().size(), 0U);
    EXPECT_EQ(desk.governor("billing/main").ids().size(), 0U);
    Json single = hits(1);
    single["id"] = 1;
    EXPECT_FALSE(desk.ask("quota/main/request", single).contains("replayed"));
    EXPECT_EQ(desk.used(), 2);
    EXPECT_FALSE(desk.admit({{"id", 2}, {"quota", hits(1)}}).contains("replayed"));
}

TEST(AdmitIds, DoNotRememberErrorsAndLooks) {
    AdmitDesk desk;
    desk.admit({{"id", 1}, {"quota", hits(-1)}});
    EXPECT_EQ(desk.admit({{"id", 1}, {"quota", hits(0)}}).at("decision"), "allow");
    EXPECT_EQ(desk.admit({{"id", 1}, {"entitlement", {{"feature", "basic"}}}}).at("decision"),
              "allow");
    EXPECT_EQ(desk.engine().admit().ids().size(), 0U);
    EXPECT_FALSE(desk.admit({{"id", 1}, {"quota", hits(1)}}).contains("replayed"));
}

TEST(AdmitIds, KeepAsManyAsConfigured) {
    Engine::Options options = AdmitDesk::settings();
    options.admit_ids_capacity = 2;
    AdmitDesk desk(AdmitDesk::usual(), options);
    for (const int id : {1, 2, 3}) {
        desk.admit({{"id", id}, {"quota", hits(1)}});
    }
    EXPECT_EQ(desk.admit({{"id", 3}, {"quota", hits(1)}}).at("replayed"), true);
    EXPECT_FALSE(desk.admit({{"id", 1}, {"quota", hits(1)}}).contains("replayed"));
}

TEST(AdmitIds, AreOverloadedWhenTheWindowDoesNotLetTheOldestGo) {
    Engine::Options options = AdmitDesk::settings();
    options.admit_ids_capacity = 2;
    options.admit_id_window = Span{5'000};
    AdmitDesk desk(AdmitDesk::usual(), options);
    desk.admit({{"id", 1}, {"quota", hits(1)}});
    desk.pass(Span{1'000});
    desk.admit({{"id", 2}, {"quota", hits(1)}});
    const Json full = desk.admit({{"id", 3}, {"quota", hits(1)}});
    EXPECT_EQ(full.at("decision"), "error");
    EXPECT_EQ(full.at("reason"), "overloaded");
    EXPECT_EQ(full.at("retry_after_ms"), 4'000);
    EXPECT_EQ(desk.used(), 2);
    EXPECT_EQ(desk.admit({{"quota", hits(1)}}).at("decision"), "allow") << "without an id";
    desk.pass(Span{4'000});
    EXPECT_EQ(desk.admit({{"id", 3}, {"quota", hits(1)}}).at("decision"), "allow");
}

TEST(AdmitNumbers, AreItsOwnAndCountDecisions) {
    AdmitDesk desk;
    desk.ask("quota/main/request", hits(1));
    EXPECT_EQ(desk.admit({{"quota", hits(1)}}).at("seq"), 1);
    EXPECT_FALSE(desk.admit({{"quota", hits(-1)}}).contains("seq"));
    EXPECT_EQ(desk.admit({{"quota", hits(99)}}).at("seq"), 2);
    EXPECT_EQ(desk.admit({{"quota", hits(0)}}).at("seq"), 3);
    const auto& counts = desk.engine().admit().counts();
    EXPECT_EQ(counts.allow, 2U);
    EXPECT_EQ(counts.deny, 1U);
    EXPECT_EQ(counts.error, 1U);
}

// ---- tenants

TEST(AdmitTenants, AreEnrolledOnlyWhereTheGovernorDoesSoByItself) {
    AdmitDesk desk(AdmitDesk::usual_but("quota/main", {{"auto_enroll", false}}));
    const Json denied = desk.admit({{"entitlement", {{"feature", "basic"}}}, {"quota", hits(1)}});
    EXPECT_EQ(denied.at("reason"), "unknown_tenant");
    EXPECT_EQ(denied.at("denied_by"), "quota/main");
    desk.admin("quota/main", {{"op", "reset"}});
    EXPECT_EQ(desk.admit({{"quota", hits(1)}}).at("decision"), "allow");
}

TEST(AdmitTenants, AreRefusedWhereThereIsNoRoom) {
    AdmitDesk desk(AdmitDesk::usual_but("quota/main", {{"max_tenants", 1}}));
    desk.admit({{"tenant", "a"}, {"quota", hits(1)}});
    const Json full =
        desk.admit({{"tenant", "b"}, {"compliance", storing(good_region)}, {"quota", hits(1)}});
    EXPECT_EQ(full.at("reason"), "tenant_limit");
    EXPECT_EQ(full.at("decision"), "error");
    EXPECT_EQ(desk.chain_length(), 0U) << "an error before anything was judged";
    desk.pass(Span{86'400'000});
    EXPECT_EQ(
        desk.admit({{"tenant", "b"}, {"quota", Json::array({hits(1), hits(1)})}}).at("decision"),
        "allow")
        << "who is back at its defaults gives its place";
    EXPECT_EQ(desk.governor("quota/main").tenants(), 1U);
}

// ---- observe

TEST(AdmitObserve, LetsAPartThatOnlyLooksOnDenyNothing) {
    Tree::Map watching = *Tree(AdmitDesk::usual()[4].second).map();
    watching["mode"] = "observe";
    AdmitDesk desk(AdmitDesk::usual_but("quota/main", watching));
    const Json reply = desk.admit({{"id", 1}, {"quota", hits(11)}, {"billing", {{"amount", 1}}}});
    EXPECT_EQ(reply.at("decision"), "allow");
    EXPECT_FALSE(reply.contains("denied_by"));
    EXPECT_FALSE(reply.contains("would")) << "it stands in its part";
    EXPECT_EQ(reply.at("quota").at("would"), "deny");
    EXPECT_EQ(reply.at("quota").at("decision"), "allow");
    EXPECT_EQ(reply.at("quota").at("reason"), "exceeds_limit");
    EXPECT_EQ(desk.used(), 0);
    EXPECT_EQ(desk.balance(), 99);
    EXPECT_EQ(desk.governor("quota/main").counts().deny, 1U) << "it counts as a denial";
}

TEST(AdmitObserve, StrikesWithoutDenying) {
    Tree::Map watching = *Tree(AdmitDesk::usual()[1].second).map();
    watching["mode"] = "observe";
    AdmitDesk desk(AdmitDesk::usual_but("compliance/main", watching));
    for (int i = 0; i < 2; ++i) {
        const Json reply = desk.admit({{"compliance", storing(bad_region)}, {"quota", hits(1)}});
        EXPECT_EQ(reply.at("decision"), "allow");
        EXPECT_EQ(reply.at("compliance").at("would"), "deny");
    }
    EXPECT_EQ(desk.level("compliance/main").at("state"), "non_compliant");
    EXPECT_EQ(desk.used(), 2);
}

// A strike that another part's denial took back is none.
TEST(AdmitObserve, TakesTheStrikeBackWhenAnotherPartDenies) {
    Tree::Map watching = *Tree(AdmitDesk::usual()[1].second).map();
    watching["mode"] = "observe";
    AdmitDesk desk(AdmitDesk::usual_but("compliance/main", watching));
    for (int i = 0; i < 3; ++i) {
        desk.admit({{"compliance", storing(bad_region)}, {"quota", hits(11)}});
    }
    EXPECT_EQ(desk.level("compliance/main").at("state"), "compliant");
    EXPECT_EQ(desk.chain_length(), 3U);
}

// ---- compliance

TEST(AdmitCompliance, KeepsRecordAndStrikeWhenItWasTheOneThatDenied) {
    AdmitDesk desk;
    const Json first = desk.admit({{"compliance", storing(bad_region)}, {"quota", hits(1)}});
    EXPECT_EQ(first.at("denied_by"), "compliance/main");
    EXPECT_EQ(first.at("reason"), "violation");
    EXPECT_EQ(first.at("compliance").at("violations"), Json::array({"eu"}));
    EXPECT_EQ(first.at("compliance").at("audit").at("seq"), 1);
    EXPECT_FALSE(first.contains("quota"));
    EXPECT_EQ(desk.governor("compliance/main").seq(), 0U) << "no number of the governor";
    desk.admit({{"compliance", storing(bad_region)}});
    const Json locked = desk.admit({{"compliance", storing(good_region)}});
    EXPECT_EQ(locked.at("reason"), "locked_out") << "two strikes";
    EXPECT_EQ(desk.chain_length(), 3U);
    const auto events = desk.take_events();
    ASSERT_EQ(events.size(), 1U);
    EXPECT_EQ(events[0].at("event"), "state_changed");
    EXPECT_EQ(events[0].at("to"), "non_compliant");
    EXPECT_EQ(desk.used(), 0);
}

TEST(AdmitCompliance, KeepsTheRecordOfAPartThatAllowedWhenALaterOneDenies) {
    AdmitDesk desk;
    const Json before = desk.picture();
    const Json reply = desk.admit({{"compliance", storing(good_region)}, {"quota", hits(11)}});
    EXPECT_EQ(reply.at("denied_by"), "quota/main");
    EXPECT_EQ(reply.at("compliance").at("decision"), "allow");
    EXPECT_EQ(reply.at("compliance").at("audit").at("seq"), 1);
    EXPECT_EQ(desk.picture(), before);
    EXPECT_EQ(desk.chain_length(), 1U);
}

TEST(AdmitCompliance, EntersNothingWhenAnEarlierPartDenies) {
    AdmitDesk desk;
    const Json reply =
        desk.admit({{"entitlement", {{"feature", "export"}}}, {"compliance", storing(bad_region)}});
    EXPECT_FALSE(reply.contains("compliance"));
    EXPECT_EQ(desk.chain_length(), 0U);
}

TEST(AdmitCompliance, IsNotRecordedAgainForARepeatedId) {
    AdmitDesk desk;
    const Json request = {{"id", 1}, {"compliance", storing(good_region)}, {"quota", hits(1)}};
    desk.admit(request);
    const Json again = desk.admit(request);
    EXPECT_EQ(again.at("replayed"), true);
    EXPECT_FALSE(again.at("compliance").contains("audit"));
    EXPECT_EQ(desk.chain_length(), 1U);
}

// What is kept of a denial has no number, whatever the same place in an earlier admit had.
TEST(AdmitCompliance, NotesADenialWithoutANumberAndOutsideTheHistory) {
    AdmitDesk desk;
    desk.admit({{"compliance", storing(good_region)}});
    desk.take_noted();
    desk.admit({{"compliance", storing(bad_region)}});
    const auto noted = desk.take_noted();
    ASSERT_EQ(noted.size(), 1U);
    EXPECT_EQ(noted[0].governor, "compliance/main");
    EXPECT_EQ(noted[0].seq, 0U);
    EXPECT_FALSE(noted[0].in_history);
}

// ---- events

TEST(AdmitEvents, AreRaisedForWhatStaysOnly) {
    AdmitDesk desk;
    const Json eight = {{"id", 1}, {"quota", hits(8)}, {"billing", {{"amount", 101}}}};
    desk.admit(eight);
    EXPECT_TRUE(desk.take_events().empty()) << "the crossing was taken back";
    desk.admit({{"quota", hits(8)}});
    const auto events = desk.take_events();
    ASSERT_EQ(events.size(), 1U);
    EXPECT_EQ(events[0].at("event"), "quota_warning");
    EXPECT_EQ(events[0].at("governor"), "quota/main");
    EXPECT_EQ(events[0].at("seq"), desk.governor("quota/main").seq());
}

}  // namespace
}  // namespace flyball
