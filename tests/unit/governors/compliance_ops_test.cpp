// A compliance governor's ops, its strikes and states, and when time changes them.

#include <gtest/gtest.h>

#include "tests/unit/governors/audit_oracle.h"

namespace flyball {
namespace {

using Strings = std::vector<std::string>;
const Json bad = {{"action", "store"}, {"attributes", {{"ok", false}}}};
const Json good = {{"action", "store"}, {"attributes", {{"ok", true}}}};

Tree::Map strict(int strikes, const char* window, bool lockout = false) {
    return {{"rules", ok_rule()},
            {"strikes", strikes},
            {"strike_window", window},
            {"lockout", lockout}};
}

Tree::Map named(const char* id, const char* attribute, const char* severity) {
    Tree::Map rule = a_rule("eq", true);
    rule["id"] = id;
    rule["attribute"] = attribute;
    rule["severity"] = severity;
    return rule;
}

TEST(ComplianceCheck, NamesEveryViolationInRuleOrder) {
    ComplianceDesk desk({{"rules", Tree::List{named("z", "z", "warn"), named("d", "d", "deny"),
                                              named("a", "a", "deny"), named("w", "w", "warn")}}});
    const auto violations = [&](const Json& attributes) {
        const auto answer = desk.ask(0, {{"action", "x"}, {"attributes", attributes}});
        return std::pair{answer.verdict, answer.keys.value("violations", Json())};
    };
    const Json all = {{"z", true}, {"d", true}, {"a", true}, {"w", true}};
    EXPECT_EQ(violations(all), std::pair(Verdict::allow, Json()));
    Json some = all;
    some["w"] = some["z"] = false;
    EXPECT_EQ(violations(some), std::pair(Verdict::allow, Json({"z", "w"})));
    some["a"] = false;
    EXPECT_EQ(violations(some), std::pair(Verdict::deny, Json({"z", "a", "w"})));
    EXPECT_EQ(violations(Json::object()), std::pair(Verdict::deny, Json({"z", "d", "a", "w"})));
}

TEST(ComplianceCheck, RefusesWhatIsNoAttribute) {
    ComplianceDesk desk;
    const struct {
        Json request;
        Reason reason;
        const char* field;
    } cases[] = {
        {{{"op", "check"}}, Reason::missing_field, "action"},
        {{{"action", ""}}, Reason::bad_field, "action"},
        {{{"action", std::string(65, 'a')}}, Reason::bad_field, "action"},
        {{{"action", 1}}, Reason::bad_field, "action"},
        {{{"action", "x"}, {"attributes", nullptr}}, Reason::bad_field, "attributes"},
        {{{"action", "x"}, {"attributes", "region"}}, Reason::bad_field, "attributes"},
        {{{"action", "x"}, {"attributes", Json::array()}}, Reason::bad_field, "attributes"},
        {{{"action", "x"}, {"attributes", {{"a", nullptr}}}}, Reason::bad_field, "attributes.a"},
        {{{"action", "x"}, {"attributes", {{"a", 1}, {"b c", 0.5}}}},
         Reason::bad_field,
         "attributes.b c"},
        {{{"action", "x"}, {"attributes", {{"l", {1}}}}}, Reason::bad_field, "attributes.l"},
        {{{"action", "x"}, {"attributes", {{"m", {{"x", 1}}}}}}, Reason::bad_field, "attributes.m"},
        {{{"action", "x"}, {"attributes", {{"u", 9'223'372'036'854'775'808U}}}},
         Reason::bad_field,
         "attributes.u"},
    };
    for (const auto& [request, reason, field] : cases) {
        const ComplianceAnswer answer = desk.ask(0, request);
        EXPECT_EQ(answer.reason, reason) << request;
        EXPECT_EQ(answer.field, field) << request;
    }
    EXPECT_EQ(desk.records.size(), 0U);
    EXPECT_EQ(desk.rules.head()->seq, 0U);
}

TEST(ComplianceCheck, TakesAsManyAttributesAsAMapMayHave) {
    ComplianceDesk desk;
    Json attributes;
    for (int at = 0; at < 64; ++at) {
        attributes[std::to_string(at)] = at;
    }
    EXPECT_EQ(desk.ask(0, {{"action", std::string(64, 'a')}, {"attributes", attributes}}).verdict,
              Verdict::allow);
}

TEST(ComplianceCheck, WithAnEmptyMapIsTheOneWithout) {
    ComplianceDesk desk;
    desk.ask(0, {{"action", "x"}});
    desk.ask(0, {{"action", "x"}, {"attributes", Json::object()}});
    const Json first = Json::from_msgpack(desk.records[0].bytes);
    const Json second = Json::from_msgpack(desk.records[1].bytes);
    EXPECT_EQ(first.at("attrs"), second.at("attrs"));
    EXPECT_EQ(first.at("attrs"), binary_of(sha256(text_of(desk.records[0].salt) + '\x80')));
}

TEST(ComplianceStrikes, MakeNonCompliantWhenEnoughLieInTheWindow) {
    ComplianceDesk desk(strict(3, "1s"));
    EXPECT_EQ(desk.ask(0, bad).state, "compliant");
    EXPECT_EQ(desk.ask(500, bad).state, "compliant");
    EXPECT_EQ(desk.ask(700, good).state, "compliant");
    const ComplianceAnswer third = desk.ask(999, bad);
    EXPECT_EQ(third.reason, Reason::violation);
    EXPECT_EQ(third.state, "non_compliant");
    EXPECT_EQ(desk.take_changes(), Strings{"compliant>non_compliant@999"});
}

TEST(ComplianceStrikes, AreGoneWhenTheyAreExactlyAsOldAsTheWindow) {
    ComplianceDesk desk(strict(3, "1s"));
    desk.ask(0, bad);
    desk.ask(500, bad);
    EXPECT_EQ(desk.ask(1000, bad).state, "compliant");
    EXPECT_EQ(desk.ask(1499, bad).state, "non_compliant");  // 500, 1000, 1499
}

TEST(ComplianceStrikes, LeaveTheWindowWithoutAnybodyAsking) {
    ComplianceDesk desk(strict(3, "1s"));
    for (const int ms : {0, 500, 600}) {
        desk.ask(ms, bad);
    }
    EXPECT_EQ(desk.rules.due(0), instant_from_ms(1000));
    EXPECT_EQ(desk.ask(999, {{"op", "get"}}).state, "non_compliant");
    desk.ask(999, bad);  // 500, 600, 999
    EXPECT_EQ(desk.rules.due(0), instant_from_ms(1500));
    EXPECT_EQ(desk.ask(1499, {{"op", "get"}}).state, "non_compliant");
    desk.pass_time(90'000);
    EXPECT_EQ(desk.ask(90'000, {{"op", "get"}}).state, "compliant");
    EXPECT_EQ(desk.take_changes(),
              (Strings{"compliant>non_compliant@600", "non_compliant>compliant@1500"}));
    EXPECT_EQ(desk.rules.due(0), std::nullopt);
}

TEST(ComplianceStrikes, ThatAreStillInTheWindowCountOn) {
    ComplianceDesk desk(strict(2, "1s"));
    desk.ask(0, bad);
    desk.ask(900, bad);
    EXPECT_EQ(desk.ask(1000, good).state, "compliant");
    EXPECT_EQ(desk.ask(1100, bad).state, "non_compliant");  // 900, 1100
}

TEST(ComplianceStrikes, MayBeOne) {
    ComplianceDesk desk(strict(1, "1s"));
    EXPECT_EQ(desk.ask(0, bad).state, "non_compliant");
    EXPECT_EQ(desk.ask(999, bad).state, "non_compliant");
    EXPECT_EQ(desk.ask(1998, good).state, "non_compliant");
    EXPECT_EQ(desk.ask(1999, good).state, "compliant");
}

TEST(ComplianceStrikes, MayBe64) {
    ComplianceDesk desk(strict(64, "1h"));
    for (int at = 0; at < 63; ++at) {
        EXPECT_EQ(desk.ask(at, bad).state, "compliant") << at;
    }
    EXPECT_EQ(desk.ask(63, bad).state, "non_compliant");
    EXPECT_EQ(desk.ask(100, bad).state, "non_compliant");
    EXPECT_EQ(desk.rules.due(0), instant_from_ms(1 + 3'600'000));
}

TEST(ComplianceStrikes, AreKeptInOrderWhenGovernorTimeIsTurnedBack) {
    ComplianceDesk desk(strict(3, "1s"));
    desk.ask(5000, bad);
    desk.ask(5100, bad);
    EXPECT_EQ(desk.ask(100, bad).state, "non_compliant");
    EXPECT_EQ(desk.rules.due(0), instant_from_ms(1100));
    EXPECT_EQ(desk.ask(1100, good).state, "compliant");
    EXPECT_EQ(desk.ask(1200, bad).state, "non_compliant");
}

TEST(ComplianceStrikes, OfWarningsDoNotExist) {
    ComplianceDesk desk({{"rules", Tree::List{named("w", "ok", "warn")}}, {"strikes", 1}});
    EXPECT_EQ(desk.ask(0, bad).state, "compliant");
}

TEST(ComplianceLockout, DeniesEverythingWithoutAFurtherStrike) {
    ComplianceDesk desk(strict(2, "1s", true));
    desk.ask(0, bad);
    EXPECT_EQ(desk.ask(1, bad).reason, Reason::violation);
    const ComplianceAnswer fine = desk.ask(2, good);
    EXPECT_EQ(fine.verdict, Verdict::deny);
    EXPECT_EQ(fine.reason, Reason::locked_out);
    EXPECT_FALSE(fine.keys.contains("violations"));
    const ComplianceAnswer violated = desk.ask(3, bad);
    EXPECT_EQ(violated.reason, Reason::locked_out);
    EXPECT_EQ(violated.keys.at("violations"), Json({"r"}));
    EXPECT_EQ(desk.rules.due(0), std::nullopt);
    EXPECT_EQ(desk.ask(90'000'000, good).reason, Reason::locked_out);
    desk.configure(strict(2, "1s"), 90'000'000);
    EXPECT_EQ(desk.ask(90'000'000, good).verdict, Verdict::allow);
    EXPECT_EQ(desk.take_changes(),
              (Strings{"compliant>non_compliant@1", "non_compliant>compliant@90000000"}));
}

TEST(ComplianceRemediate, ClearsStrikesUntilTheNextAllowedCheck) {
    ComplianceDesk desk(strict(2, "1h", true));
    desk.ask(0, bad);
    desk.ask(1, bad);
    const ComplianceAnswer done = desk.ask(2, {{"op", "remediate"}});
    EXPECT_EQ(done.verdict, Verdict::ok);
    EXPECT_EQ(done.state, "remediation");
    EXPECT_EQ(done.keys.at("audit").at("seq"), 3);
    EXPECT_EQ(desk.ask(3, bad).state, "remediation");  // a first strike
    EXPECT_EQ(desk.ask(4, good).state, "compliant");
    EXPECT_EQ(desk.ask(5, bad).state, "non_compliant");
    EXPECT_EQ(desk.take_changes(),
              (Strings{"compliant>non_compliant@1", "non_compliant>remediation@2",
                       "remediation>compliant@4", "compliant>non_compliant@5"}));
}

TEST(ComplianceRemediate, CanFail) {
    ComplianceDesk desk(strict(2, "1h"));
    desk.ask(0, {{"op", "remediate"}});
    desk.ask(0, {{"op", "remediate"}});
    desk.ask(1, bad);
    EXPECT_EQ(desk.ask(2, bad).state, "non_compliant");
    EXPECT_EQ(desk.take_changes(),
              (Strings{"compliant>remediation@0", "remediation>non_compliant@2"}));
}

TEST(ComplianceSettingsChange, HoldsAtOnceAndIsDatedByIt) {
    ComplianceDesk desk(strict(2, "1h"));
    desk.ask(0, bad);
    desk.ask(1, bad);
    desk.configure(strict(3, "1h"), 10);
    EXPECT_EQ(desk.ask(20, {{"op", "get"}}).state, "compliant");
    EXPECT_EQ(desk.take_changes(),
              (Strings{"compliant>non_compliant@1", "non_compliant>compliant@10"}));
    EXPECT_EQ(desk.ask(21, bad).state, "non_compliant");  // the three in the window
}

TEST(ComplianceReport, CountsChecksOfTheTenant) {
    ComplianceDesk desk({{"rules", Tree::List{named("d", "ok", "deny"), named("w", "w", "warn")}}});
    desk.ask(0, {{"action", "x"}, {"attributes", {{"ok", true}, {"w", true}}}});
    desk.ask(0, {{"action", "x"}, {"attributes", {{"ok", true}}}});
    desk.ask(0, bad);
    desk.ask(0, bad, 1);
    desk.ask(0, {{"op", "remediate"}});
    desk.rehearse(0, bad);
    const ComplianceAnswer answer = desk.ask(0, {{"op", "report"}});
    EXPECT_TRUE(answer.look);
    EXPECT_EQ(answer.verdict, Verdict::allow);
    EXPECT_EQ(answer.keys,
              Json({{"checks", 3},
                    {"denied", 1},
                    {"warned", 1},
                    {"first_seq", 6},
                    {"head", {{"seq", 5}, {"hash", hex(text_of(desk.records[4].hash))}}}}));
    desk.rules.kept()->from_the_start();
    EXPECT_EQ(desk.ask(0, {{"op", "report"}}).keys.at("first_seq"), 1);
    EXPECT_EQ(desk.records.size(), 5U);
}

TEST(ComplianceGet, TellsTheStateAndChangesNothing) {
    ComplianceDesk desk;
    const ComplianceAnswer answer = desk.ask(0, {{"op", "get"}});
    EXPECT_TRUE(answer.look);
    EXPECT_EQ(answer.verdict, Verdict::ok);
    EXPECT_EQ(answer.state, "compliant");
    EXPECT_EQ(answer.keys, Json::object());
    EXPECT_TRUE(desk.effect.empty());
}

}  // namespace
}  // namespace flyball
