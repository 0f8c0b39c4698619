// A compliance governor as strangers meet it: ids, modes, tenants, admits that are taken back.

#include <gtest/gtest.h>

#include "tests/unit/governors/asked_governor.h"
#include "tests/unit/governors/compliance_desk.h"

namespace flyball {
namespace {

class AskedCompliance : public AskedGovernor {
public:
    explicit AskedCompliance(Tree::Map raw = {})
        : AskedGovernor("compliance", std::make_unique<Compliance>(ComplianceDesk::some_context()),
                        with_rules(std::move(raw))) {}

    Json check(bool ok, Json more = Json::object()) {
        more.update({{"tenant", "acme"}, {"action", "store"}, {"attributes", {{"ok", ok}}}});
        return ask(more);
    }
    Json operate(const char* op) { return ask_admin({{"tenant", "acme"}, {"op", op}}); }
    std::uint64_t head() { return governor().rules().head()->seq; }
    std::string state() {
        return ask({{"tenant", "acme"}, {"op", "get"}}).at("state").get<std::string>();
    }

    // An admit's part, judged and put in place.
    Part& judge_part(bool ok) {
        const std::string text = Json({{"action", "store"}, {"attributes", {{"ok", ok}}}}).dump();
        const Payload payload = decoder_.decode(text);
        Fields fields;
        fields.fill(*payload.root);
        part_ = Part{};
        part_.tenant_name = "acme";
        EXPECT_FALSE(governor().read_part(part_, fields, Encoding::json));
        governor().judge_part(part_, {.now = now()});
        return part_;
    }

private:
    static Tree::Map with_rules(Tree::Map raw) {
        raw.try_emplace("rules", ok_rule());
        raw.try_emplace("strikes", 2);
        return raw;
    }
    Decoder decoder_;
    Part part_;
};

TEST(AskedCompliance, RepliesWithViolationsAndAudit) {
    AskedCompliance governor;
    const Json denied = governor.check(false);
    EXPECT_EQ(denied.at("decision"), "deny");
    EXPECT_EQ(denied.at("reason"), "violation");
    EXPECT_EQ(denied.at("violations"), Json({"r"}));
    EXPECT_EQ(denied.at("audit").at("seq"), 1);
    EXPECT_EQ(denied.at("audit").at("hash").get<std::string>().size(), 64U);
    EXPECT_EQ(denied.at("policy_rev"), "0123456789ab");
    const Json allowed = governor.check(true);
    EXPECT_EQ(allowed.at("allowed"), true);
    EXPECT_FALSE(allowed.contains("violations"));
    EXPECT_EQ(allowed.at("audit").at("seq"), 2);
}

TEST(AskedCompliance, ReplaysWithoutARecordOrAStrike) {
    AskedCompliance governor;
    const Json first = governor.check(false, {{"id", 1}});
    Json again = governor.check(false, {{"id", 1}});
    EXPECT_EQ(again.at("replayed"), true);
    EXPECT_EQ(again.at("seq"), first.at("seq"));
    EXPECT_EQ(again.at("reason"), "violation");
    EXPECT_FALSE(again.contains("violations"));
    EXPECT_FALSE(again.contains("audit"));
    EXPECT_EQ(governor.head(), 1U);
    EXPECT_EQ(governor.state(), "compliant");
    EXPECT_EQ(governor.check(true, {{"id", 1}}).at("reason"), "id_reused");
    EXPECT_EQ(governor.head(), 1U);
}

TEST(AskedCompliance, TakesNoAttributesAndAnEmptyMapForTheSame) {
    AskedCompliance governor;
    governor.ask({{"tenant", "acme"}, {"action", "x"}, {"id", 1}});
    EXPECT_EQ(
        governor
            .ask({{"tenant", "acme"}, {"action", "x"}, {"id", 1}, {"attributes", Json::object()}})
            .value("replayed", false),
        true);
}

TEST(AskedCompliance, RefusesAnAttributeByItsPath) {
    AskedCompliance governor;
    const Json reply =
        governor.ask({{"tenant", "acme"}, {"action", "x"}, {"attributes", {{"a", nullptr}}}});
    EXPECT_EQ(reply.at("reason"), "bad_field");
    EXPECT_EQ(reply.at("field"), "attributes.a");
    EXPECT_EQ(reply.at("expected"), "a string, an integer of 64 bits or a boolean");
    EXPECT_EQ(governor.governor().tenants(), 0U);
    EXPECT_EQ(governor.head(), 0U);
}

TEST(AskedCompliance, ObservesWithStrikesAndRecords) {
    AskedCompliance governor(Tree::Map{{"mode", "observe"}, {"lockout", true}});
    governor.check(false);
    const Json second = governor.check(false);
    EXPECT_EQ(second.at("decision"), "allow");
    EXPECT_EQ(second.at("would"), "deny");
    EXPECT_EQ(second.at("violations"), Json({"r"}));
    EXPECT_EQ(second.at("audit").at("seq"), 2);
    EXPECT_EQ(second.at("state"), "non_compliant");
    EXPECT_EQ(governor.check(true).at("reason"), "locked_out");
    EXPECT_EQ(governor.head(), 3U);
}

TEST(AskedCompliance, RehearsesWithoutEffect) {
    AskedCompliance governor(Tree::Map{{"strikes", 1}});
    const Json reply = governor.check(false, {{"dry_run", true}});
    EXPECT_EQ(reply.at("decision"), "deny");
    EXPECT_EQ(reply.at("violations"), Json({"r"}));
    EXPECT_FALSE(reply.contains("audit"));
    EXPECT_EQ(governor.governor().tenants(), 0U);
    EXPECT_EQ(governor.head(), 0U);
}

TEST(AskedCompliance, AnnouncesStatesOnceEach) {
    AskedCompliance governor(Tree::Map{{"strike_window", "10s"}});
    governor.check(false);
    governor.check(false);
    const std::int64_t due = to_ms(governor.now()) + 10'000;
    EXPECT_EQ(governor.take_events(), std::vector<Json>({{{"event", "state_changed"},
                                                          {"tenant", "acme"},
                                                          {"from", "compliant"},
                                                          {"to", "non_compliant"},
                                                          {"reason", "violation"},
                                                          {"seq", 2},
                                                          {"at", to_ms(governor.now())}}}));
    governor.pass(Span{60'000});
    governor.pass_time();
    EXPECT_EQ(governor.take_events(), std::vector<Json>({{{"event", "state_changed"},
                                                          {"tenant", "acme"},
                                                          {"from", "non_compliant"},
                                                          {"to", "compliant"},
                                                          {"at", due}}}));
    EXPECT_EQ(governor.governor().next_due(), std::nullopt);
}

TEST(AskedCompliance, ForgetsWithARecordButNotWhomItDoesNotKnow) {
    AskedCompliance governor;
    governor.operate("forget");
    EXPECT_EQ(governor.head(), 0U);
    governor.check(false);
    EXPECT_EQ(governor.operate("forget").at("decision"), "ok");
    EXPECT_EQ(governor.head(), 2U);
    EXPECT_EQ(governor.governor().tenants(), 0U);
    EXPECT_EQ(governor.ask({{"tenant", "acme"}, {"op", "report"}}).at("checks"), 0);
}

TEST(AskedCompliance, PermitsRemediateOnAdminAlone) {
    AskedCompliance governor;
    EXPECT_EQ(governor.ask({{"tenant", "acme"}, {"op", "remediate"}}).at("reason"),
              "not_permitted");
    const Json done = governor.operate("remediate");
    EXPECT_EQ(done.at("decision"), "ok");
    EXPECT_EQ(done.at("state"), "remediation");
    EXPECT_EQ(done.at("audit").at("seq"), 1);
}

TEST(AskedCompliance, LooksEnrolNobody) {
    AskedCompliance governor;
    EXPECT_EQ(governor.ask({{"tenant", "acme"}, {"op", "report"}}).at("first_seq"), 1);
    EXPECT_EQ(governor.state(), "compliant");
    EXPECT_EQ(governor.governor().tenants(), 0U);
    AskedCompliance closed(Tree::Map{{"auto_enroll", false}});
    const Json reply = closed.check(true);
    EXPECT_EQ(reply.at("reason"), "unknown_tenant");
    EXPECT_FALSE(reply.contains("audit"));
}

TEST(AskedCompliance, KeepsItsTenantsAndTheirSalts) {
    AskedCompliance governor(Tree::Map{{"max_tenants", 1}});
    governor.check(true);
    EXPECT_EQ(governor.ask({{"tenant", "other"}, {"action", "x"}}).at("reason"), "tenant_limit");
}

TEST(CompliancePart, ThatAnotherGovernorDeniesKeepsItsRecordAlone) {
    AskedCompliance governor;
    governor.check(false);
    const Json before = governor.ask({{"tenant", "acme"}, {"op", "report"}});
    Part& part = governor.judge_part(false);
    EXPECT_TRUE(part.denies());
    EXPECT_EQ(governor.state(), "non_compliant");
    governor.governor().take_back(part);
    EXPECT_EQ(governor.state(), "compliant");
    const Json after = governor.ask({{"tenant", "acme"}, {"op", "report"}});
    EXPECT_EQ(after.at("checks"), before.at("checks"));
    EXPECT_EQ(after.at("head").at("seq"), 2);
    EXPECT_EQ(governor.governor().next_due(), std::nullopt);
}

TEST(CompliancePart, OfATenantThatWasEnrolledForItLeavesNothingElse) {
    AskedCompliance governor;
    Part& part = governor.judge_part(true);
    EXPECT_EQ(governor.governor().tenants(), 1U);
    governor.governor().take_back(part);
    EXPECT_EQ(governor.governor().tenants(), 0U);
    EXPECT_EQ(governor.head(), 1U);
    EXPECT_EQ(governor.check(true).at("audit").at("seq"), 2);
}

TEST(AskedCompliance, IsRebuiltWithItsChain) {
    AskedCompliance governor;
    governor.check(false);
    const Json before = governor.ask({{"tenant", "acme"}, {"op", "report"}});
    auto rules = std::make_unique<Compliance>(ComplianceDesk::some_context());
    ASSERT_TRUE(governor.governor().rebuild(std::move(rules), governor.now()));
    Json after = governor.ask({{"tenant", "acme"}, {"op", "report"}});
    after["seq"] = before.at("seq");
    EXPECT_EQ(after, before);
    EXPECT_EQ(governor.check(false).at("state"), "non_compliant");
}

}  // namespace
}  // namespace flyball
