#include "node/governed_topics.h"

#include <gtest/gtest.h>

#include "tests/unit/governors/allocation_count.h"
#include "tests/unit/node/asked_engine.h"
#include "transport/topic_filter.h"

namespace flyball {
namespace {

GovernRule rule_for(std::string topic) {
    GovernRule rule;
    rule.topic = std::move(topic);
    rule.governor = "quota/main";
    return rule;
}

GovernedAct publish(std::string_view topic, std::string_view user = "ann",
                    std::string_view client_id = "c-1", std::uint64_t bytes = 10) {
    return {.topic = topic, .user = user, .client_id = client_id, .payload_bytes = bytes};
}

// A broker's clients in front of an engine whose quota allows a tenant 100 hits.
class Gate {
public:
    explicit Gate(const std::vector<GovernRule>& rules)
        : engine_(
              AskedEngine::settings(),
              {{"resources",
                Tree::Map{{"api_calls",
                           Tree::Map{{"limit", 100}, {"window", "1d"}, {"algorithm", "fixed"}}}}}}),
          topics_(AskedEngine::settings().root) {
        topics_.set_rules(rules);
    }
    GovernedTopics::Judgement judge(const GovernedAct& act) {
        return topics_.judge(act, [this](const Message& request, EngineHost& host) {
            if (starved) {
                throw std::bad_alloc();
            }
            if (busy) {
                return false;
            }
            engine_.engine().handle(request, {}, engine_.now(), host);
            return true;
        });
    }
    // "-" when no rule is about it.
    std::string tenant(const GovernedAct& act) {
        const auto judged = judge(act);
        return judged.rule == nullptr ? "-" : std::string(judged.tenant);
    }
    std::int64_t used(std::string_view tenant) { return engine_.used(tenant); }
    GovernedTopics& topics() { return topics_; }

    bool busy = false;
    bool starved = false;

private:
    AskedEngine engine_;
    GovernedTopics topics_;
};

TEST(GovernedTopics, LeavesWhatNoRuleIsAboutAlone) {
    Gate gate({rule_for("sensors/+/data")});
    EXPECT_EQ(gate.tenant(publish("sensors/7")), "-");
    EXPECT_EQ(gate.tenant(publish("sensors/7/data/x")), "-");
    EXPECT_EQ(gate.tenant(publish("sensors/7/data")), "ann");
    EXPECT_EQ(gate.used("ann"), 1);
}

TEST(GovernedTopics, DoesAsTheRuleSaysWithoutMemory) {
    GovernRule closed = rule_for("closed");
    closed.passes_on_error = false;
    Gate gate({rule_for("open"), closed});
    gate.starved = true;
    EXPECT_TRUE(gate.judge(publish("open")).passes);
    const auto judged = gate.judge(publish("closed"));
    EXPECT_FALSE(judged.passes);
    EXPECT_EQ(judged.outcome, GovernOutcome::failed);
    EXPECT_EQ(judged.reason, "out of memory");
}

TEST(GovernedTopics, AreNotWaitedForAgainWhileTheEngineStaysBusy) {
    Gate gate({rule_for("a")});
    GovernedTopics& topics = gate.topics();
    EXPECT_TRUE(topics.is_patient(5'000'000));
    topics.was_busy(5'000'000);
    EXPECT_FALSE(topics.is_patient(5'999'999));
    EXPECT_TRUE(topics.is_patient(6'000'000));
}

TEST(GovernedTopics, TellOfEachRuleOnceAMinute) {
    Gate gate({rule_for("a"), rule_for("b")});
    GovernedTopics& topics = gate.topics();
    const GovernRule& a = topics.row(0).rule;
    EXPECT_TRUE(topics.is_to_tell(a, 1'000));
    topics.told(a, 1'000);
    EXPECT_FALSE(topics.is_to_tell(a, 60'000'999));
    EXPECT_TRUE(topics.is_to_tell(topics.row(1).rule, 60'000'999));
    EXPECT_TRUE(topics.is_to_tell(a, 60'001'000));
}

TEST(GovernedTopics, MatchesTheParentOfAWildcard) {
    Gate gate({rule_for("a/#")});
    EXPECT_EQ(gate.tenant(publish("a")), "ann");
    EXPECT_EQ(gate.tenant(publish("a/b/c")), "ann");
    EXPECT_EQ(gate.tenant(publish("ab")), "-");
}

// Every filter and topic of up to three levels, and one that is deeper than what is told apart
// fast.
TEST(GovernedTopics, MatchesWhatTheBrokerMatches) {
    std::vector<std::string> filters;
    std::vector<std::string> topics;
    for (const std::string first : {"a", "b", "", "+", "#", "ab"}) {
        for (const std::string second : {"", "/", "/a", "/b", "/+", "/#"}) {
            for (const std::string third : {"", "/", "/a", "/+", "/#"}) {
                const std::string text = first + second + third;
                if (valid_filter(text)) {
                    filters.push_back(text);
                }
                if (!text.empty() && text.find_first_of("+#") == std::string::npos) {
                    topics.push_back(text);
                }
            }
        }
    }
    for (const std::string& filter : filters) {
        Gate gate({rule_for(filter)});
        for (const std::string& topic : topics) {
            EXPECT_EQ(gate.tenant(publish(topic)) != "-", filter_matches(filter, topic))
                << filter << " " << topic;
            // Without wildcards a topic is a filter that only it matches.
            EXPECT_EQ(filter_matches(filter, topic), filters_overlap(filter, topic))
                << filter << " " << topic;
        }
    }
    for (const std::string topic : {"1", "1/2", "1/2/3", "1/2/3/4", "1/2/3/4/5", "1/2/3/4/5/6"}) {
        for (const std::string below : {"/#", "/+", "/7", ""}) {
            Gate gate({rule_for(topic + below)});
            EXPECT_EQ(gate.tenant(publish(topic + "/7")), below.empty() ? "-" : "ann") << topic;
            EXPECT_EQ(gate.tenant(publish(topic + "/7/8")), below == "/#" ? "ann" : "-") << topic;
            EXPECT_EQ(gate.tenant(publish("0/" + topic)), "-") << topic;
        }
    }
}

TEST(GovernedTopics, NeverGovernsTheBrokersTopicsAndItsOwn) {
    Gate gate({rule_for("#"), rule_for("+/#")});
    for (const char* topic : {"$SYS/broker/uptime", "$CONTROL/dynamic-security/v1", "$x",
                              "flyball/v1/eu-west/pi-7/quota/main/request", "flyball/other"}) {
        EXPECT_EQ(gate.tenant(publish(topic)), "-") << topic;
    }
    EXPECT_EQ(gate.tenant(publish("flyballs")), "ann");
}

TEST(GovernedTopics, NeverGovernsBelowAnotherPrefixOfTheNode) {
    GovernedTopics topics(Root{.prefix = "acme/fb", .region = "r", .node = "n"});
    topics.set_rules({rule_for("#")});
    const auto judged = topics.judge(publish("acme/fb/r/n/quota/main/request"),
                                     [](const Message&, EngineHost&) { return true; });
    EXPECT_EQ(judged.rule, nullptr);
}

TEST(GovernedTopics, TakesTheFirstRuleThatMatches) {
    GovernRule first = rule_for("a/b");
    first.tenant = GovernedBy::client_id;
    Gate gate({first, rule_for("a/#")});
    EXPECT_EQ(gate.tenant(publish("a/b")), "c-1");
    EXPECT_EQ(gate.tenant(publish("a/c")), "ann");
}

TEST(GovernedTopics, MatchesNamesAndStartsOfNames) {
    GovernRule rule = rule_for("#");
    rule.users = {"ann", "team-*"};
    Gate by_user({rule});
    EXPECT_EQ(by_user.tenant(publish("a", "ann")), "ann");
    EXPECT_EQ(by_user.tenant(publish("a", "anna")), "-");
    EXPECT_EQ(by_user.tenant(publish("a", "team-1")), "team-1");
    EXPECT_EQ(by_user.tenant(publish("a", "")), "-");
    rule.client_ids = {"dev-*"};
    Gate by_both({rule});
    EXPECT_EQ(by_both.tenant(publish("a", "ann", "dev-1")), "ann");
    EXPECT_EQ(by_both.tenant(publish("a", "ann", "c-1")), "-");
    EXPECT_EQ(by_both.tenant(publish("a", "bob", "dev-1")), "-");
}

TEST(GovernedTopics, FindsNobodyBehindAStarWhenThereIsNoUserName) {
    GovernRule rule = rule_for("#");
    rule.users = {"*"};
    Gate gate({rule});
    EXPECT_EQ(gate.tenant(publish("a", "")), "-");
}

TEST(GovernedTopics, CountsForALevelOfTheTopic) {
    GovernRule rule = rule_for("t/+/#");
    rule.tenant = GovernedBy::level;
    rule.level = 2;
    Gate gate({rule});
    EXPECT_EQ(gate.tenant(publish("t/acme/x")), "acme");
    EXPECT_EQ(gate.tenant(publish("t/acme")), "acme");
    EXPECT_EQ(gate.used("acme"), 2);
    EXPECT_EQ(gate.judge(publish("t//x")).outcome, GovernOutcome::unmapped);
}

// What a topic of ours has to encode is the same tenant in every other request.
TEST(GovernedTopics, CountsForTheTenantByItsPlainName) {
    Gate gate({rule_for("#")});
    EXPECT_EQ(gate.judge(publish("a", "a/b+c#d%e")).outcome, GovernOutcome::allowed);
    EXPECT_EQ(gate.judge(publish("a", "$sys")).outcome, GovernOutcome::allowed);
    EXPECT_EQ(gate.used("a/b+c#d%e"), 1);
    EXPECT_EQ(gate.used("$sys"), 1);
}

TEST(GovernedTopics, DeniesWhatTheGovernorDenies) {
    Gate gate({rule_for("a")});
    for (int i = 0; i < 100; ++i) {
        EXPECT_TRUE(gate.judge(publish("a")).passes);
    }
    const auto denied = gate.judge(publish("a"));
    EXPECT_FALSE(denied.passes);
    EXPECT_EQ(denied.outcome, GovernOutcome::denied);
    EXPECT_EQ(denied.reason, "quota_exceeded");
    EXPECT_TRUE(gate.judge(publish("a", "bob")).passes);
    EXPECT_EQ(gate.topics().row(0).counts.allow, 101U);
    EXPECT_EQ(gate.topics().row(0).counts.deny, 1U);
}

TEST(GovernedTopics, CountsTheBytesOfThePayload) {
    GovernRule rule = rule_for("a");
    rule.per = GovernedUnit::byte;
    Gate gate({rule});
    EXPECT_TRUE(gate.judge(publish("a", "ann", "c", 99)).passes);
    EXPECT_EQ(gate.used("ann"), 99);
    EXPECT_FALSE(gate.judge(publish("a", "ann", "c", 2)).passes);
    EXPECT_TRUE(gate.judge(publish("a", "ann", "c", 0)).passes);
    EXPECT_TRUE(gate.judge(publish("a", "ann", "c", 1)).passes);
    EXPECT_EQ(gate.used("ann"), 100);
    // Far more than any payload has, and than a quota's numbers hold half of.
    EXPECT_FALSE(gate.judge(publish("a", "bob", "c", std::uint64_t{1} << 62U)).passes);
}

TEST(GovernedTopics, StopsNothingWhileItObserves) {
    GovernRule rule = rule_for("a");
    rule.per = GovernedUnit::byte;
    rule.observes = true;
    rule.passes_unmapped = false;
    rule.passes_on_error = false;
    Gate gate({rule});
    const auto denied = gate.judge(publish("a", "ann", "c", 101));
    EXPECT_TRUE(denied.passes);
    EXPECT_FALSE(denied.would_pass);
    EXPECT_EQ(denied.outcome, GovernOutcome::denied);
    EXPECT_TRUE(gate.judge(publish("a", "")).passes);
    gate.busy = true;
    EXPECT_TRUE(gate.judge(publish("a")).passes);
    const auto& counts = gate.topics().row(0).counts;
    EXPECT_EQ(counts.deny, 1U);
    EXPECT_EQ(counts.unmapped, 1U);
    EXPECT_EQ(counts.error, 1U);
}

TEST(GovernedTopics, DoesAsTheRuleSaysWhenNothingIsDecided) {
    GovernRule rule = rule_for("a");
    Gate open({rule});
    rule.passes_on_error = false;
    Gate closed({rule});
    open.busy = closed.busy = true;
    EXPECT_TRUE(open.judge(publish("a")).passes);
    EXPECT_FALSE(closed.judge(publish("a")).passes);
    EXPECT_EQ(closed.judge(publish("a")).reason, "busy");
    EXPECT_EQ(closed.topics().row(0).counts.error, 2U);
}

TEST(GovernedTopics, TakesAnErrorForNoDecision) {
    GovernRule rule = rule_for("a");
    rule.governor = "quota/nobody";
    rule.passes_on_error = false;
    Gate gate({rule});
    const auto judged = gate.judge(publish("a"));
    EXPECT_EQ(judged.outcome, GovernOutcome::failed);
    EXPECT_EQ(judged.reason, "unknown_governor");
    EXPECT_FALSE(judged.passes);
}

TEST(GovernedTopics, DoesAsTheRuleSaysWithoutATenant) {
    GovernRule rule = rule_for("#");
    Gate open({rule});
    rule.passes_unmapped = false;
    Gate closed({rule});
    for (const std::string& user : {std::string(), std::string(65, 'x'), std::string("a\nb")}) {
        EXPECT_TRUE(open.judge(publish("a", user)).passes);
        EXPECT_FALSE(closed.judge(publish("a", user)).passes);
    }
    EXPECT_EQ(closed.topics().row(0).counts.unmapped, 3U);
}

TEST(GovernedTopics, GovernsASubscriptionThatCanBringWhatARuleIsAbout) {
    GovernRule rule = rule_for("data/#");
    rule.on = GovernedAction::subscribe;
    Gate gate({rule});
    const auto subscribe = [&](std::string_view filter) {
        return gate.tenant({.topic = filter, .user = "ann", .action = GovernedAction::subscribe});
    };
    for (const char* filter : {"data/7", "data/#", "#", "+/7", "data", "$share/group/data/7"}) {
        EXPECT_EQ(subscribe(filter), "ann") << filter;
    }
    for (const char* filter : {"other/#", "$SYS/#", "flyball/v1/#", "$share/group/other"}) {
        EXPECT_EQ(subscribe(filter), "-") << filter;
    }
    EXPECT_EQ(gate.tenant(publish("data/7")), "-");
    EXPECT_TRUE(gate.topics().governs_subscriptions());
    EXPECT_FALSE(Gate({rule_for("data/#")}).topics().governs_subscriptions());
}

TEST(GovernedTopics, TakesNoWildcardForATenant) {
    GovernRule rule = rule_for("data/#");
    rule.on = GovernedAction::subscribe;
    rule.tenant = GovernedBy::level;
    rule.level = 2;
    Gate gate({rule});
    const auto outcome = [&](std::string_view filter) {
        return gate.judge({.topic = filter, .user = "ann", .action = GovernedAction::subscribe})
            .outcome;
    };
    EXPECT_EQ(outcome("data/+"), GovernOutcome::unmapped);
    EXPECT_EQ(outcome("data/#"), GovernOutcome::unmapped);
    EXPECT_EQ(outcome("data/acme"), GovernOutcome::allowed);
}

TEST(GovernedTopics, KeepsTheCountsOfRulesThatStay) {
    const GovernRule staying = rule_for("a");
    Gate gate({rule_for("b"), staying});
    gate.judge(publish("a"));
    gate.judge(publish("b"));
    gate.topics().set_rules({staying, rule_for("c")});
    EXPECT_EQ(gate.topics().row(0).counts.allow, 1U);
    EXPECT_EQ(gate.topics().row(1).counts.allow, 0U);
    EXPECT_EQ(gate.tenant(publish("b")), "-");
}

TEST(GovernedTopics, IsFailingForAMinute) {
    Gate gate({});
    EXPECT_FALSE(gate.topics().fails(5));
    gate.topics().failed_at(1'000'000);
    EXPECT_TRUE(gate.topics().fails(60'999'999));
    EXPECT_FALSE(gate.topics().fails(61'000'000));
}

TEST(GovernedTopics, AllocatesNothingAMessageOnceWarm) {
    GovernRule bytes = rule_for("bytes/+");
    bytes.per = GovernedUnit::byte;
    GovernRule level = rule_for("level/+");
    level.tenant = GovernedBy::level;
    level.level = 2;
    Gate gate({bytes, level});
    const auto round = [&gate] {
        for (int i = 0; i < 200; ++i) {
            gate.judge(publish("bytes/1", "a-user-of-a-longer-name"));
            gate.judge(publish("level/somebody-with-a-name"));
            gate.judge(publish("other/topic"));
        }
    };
    for (int i = 0; i < 5; ++i) {  // until the governor's ring is as large as it gets
        round();
    }
    const std::uint64_t before = allocations_so_far();
    round();
    EXPECT_EQ(allocations_so_far() - before, 0U);
}

}  // namespace
}  // namespace flyball
