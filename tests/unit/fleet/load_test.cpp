// The load's schedule, its counts and its retries, against nodes of the test's making and a clock
// of its own.

#include <gtest/gtest.h>

#include <functional>
#include <set>

#include "fleet/load/generator.h"

namespace flyball {
namespace {

using nlohmann::json;

constexpr std::int64_t second = 1'000'000;

class ScriptedLink final : public LoadLink {
public:
    struct Sent {
        std::string topic;
        json document;
        std::uint64_t n = 0;
    };
    bool send(const std::string& topic, json document, std::uint64_t n, std::uint32_t) override {
        sent.push_back({topic, std::move(document), n});
        return true;
    }
    bool take(Arrival& into) override {
        if (replies.empty()) {
            return false;
        }
        into = replies.front();
        replies.pop_front();
        return true;
    }
    bool up() const override { return true; }
    std::string trouble() const override { return {}; }
    std::uint64_t dropped() const override { return 0; }

    std::vector<Sent> sent;
    std::deque<Arrival> replies;
};

class Load : public testing::Test {
protected:
    explicit Load(bool open_accounts = false)
        : generator({.prefix = "flyball/v1", .mix = {}, .open_accounts = open_accounts}, &checker) {
        generator.add({"eu", "a", ""}, link);
    }
    // Each request is allowed, `delay_us` later.
    void answer(const LoadLink::Arrival& arrival) { link.replies.push_back(arrival); }
    json allowed(const json& request) {
        json reply{{"decision", "allow"}, {"allowed", true}, {"seq", ++seq}, {"at", 1'000 + seq}};
        if (request.contains("id")) {
            const auto [known, fresh] = outcomes.try_emplace(request["id"].dump(), seq);
            reply["seq"] = known->second;
            if (!fresh) {
                reply["replayed"] = true;
            }
        }
        return reply;
    }
    void answer_new(std::int64_t at_us) {
        for (; seen < link.sent.size(); ++seen) {
            const auto& sent = link.sent[seen];
            json reply = sent.document.is_array() ? json::array() : allowed(sent.document);
            if (sent.document.is_array()) {
                for (const json& entry : sent.document) {
                    reply.push_back(allowed(entry));
                }
            }
            answer({sent.n, at_us, std::move(reply)});
        }
    }
    void drop_new() { seen = link.sent.size(); }
    // Every millisecond from `from_us` on.
    void turn_until(std::int64_t from_us, std::int64_t until_us,
                    const std::function<void(std::int64_t)>& between) {
        for (std::int64_t now = from_us; now < until_us; now += 1'000) {
            generator.turn(now);
            between(now);
        }
    }
    std::uint64_t checks(const std::string& name) const {
        for (const auto& line : checker.lines()) {
            if (line.name.starts_with(name)) {
                return line.checks;
            }
        }
        return 0;
    }

    checker::FleetChecker checker;
    ScriptedLink link;
    Generator generator;
    std::map<std::string, std::uint64_t> outcomes;
    std::size_t seen = 0;
    std::uint64_t seq = 0;
};

TEST_F(Load, AsksByTheScheduleAndCountsTheDelayFromWhenItWasDue) {
    generator.start({.per_second = 100}, 0);
    turn_until(0, second, [&](std::int64_t now) { answer_new(now + 300); });
    // Half a second in which nobody turns: what was due then is late, and says so.
    turn_until(second + second / 2, 2 * second, [&](std::int64_t now) { answer_new(now + 300); });
    generator.end(2 * second);
    generator.turn(2 * second);
    const LoadFigures figures = generator.figures();
    EXPECT_EQ(figures.all().asked, 200U);
    EXPECT_EQ(figures.all().answered, 200U);
    EXPECT_NEAR(static_cast<double>(figures.latency_us.max_us()), 500'300, 20'000);
    EXPECT_NEAR(static_cast<double>(figures.lateness_us.max_us()), 500'000, 20'000);
    EXPECT_NEAR(static_cast<double>(figures.latency_us.percentile(0.5)), 300, 10);
    EXPECT_TRUE(checker.violations().empty()) << checker.violations().front();
}

TEST_F(Load, ALateGeneratorIsNotHeldAgainstTheNode) {
    generator.start({.per_second = 100}, 0);
    generator.turn(0);
    answer_new(300);
    generator.turn(4 * second);  // nobody turned for twice the patience
    answer_new(4 * second + 300);
    generator.end(4 * second);
    generator.turn(4 * second + 1'000);
    EXPECT_EQ(generator.figures().all().answered, 401U);
    EXPECT_EQ(generator.figures().all().unanswered, 0U);
    EXPECT_GT(generator.figures().lateness_us.percentile(0.99), 3 * second);
}

TEST_F(Load, WhatIsNotAnsweredInTwoSecondsIsCountedAndAskedAgainUnderItsId) {
    generator.start({.per_second = 100}, 0);
    turn_until(0, second, [&](std::int64_t) { drop_new(); });
    generator.end(second);
    turn_until(second, 10 * second, [&](std::int64_t now) { answer_new(now + 300); });
    const LoadFigures figures = generator.figures();
    EXPECT_EQ(figures.all().unanswered, 100U);
    EXPECT_EQ(figures.calm().unanswered, 100U);
    EXPECT_EQ(figures.calm().availability(), 0);
    EXPECT_GT(figures.retries, 50U);
    EXPECT_EQ(figures.retries_answered, figures.retries);
    EXPECT_TRUE(generator.settled());
    EXPECT_GE(checks("I3"), figures.retries / 2) << "each is asked once more";
    EXPECT_TRUE(checker.violations().empty()) << checker.violations().front();
}

TEST_F(Load, WhatGoesMissingInAFaultIsNotHeldAgainstAvailability) {
    generator.start({.per_second = 100}, 0);
    turn_until(0, second, [&](std::int64_t now) { answer_new(now + 300); });
    generator.fault_begins("eu/a", true, second);
    turn_until(second, 2 * second, [&](std::int64_t) { drop_new(); });
    generator.fault_ends("eu/a", 2 * second);
    turn_until(2 * second, 5 * second, [&](std::int64_t now) { answer_new(now + 300); });
    generator.end(5 * second);
    turn_until(5 * second, 9 * second, [&](std::int64_t now) { answer_new(now + 300); });
    const LoadFigures figures = generator.figures();
    EXPECT_EQ(figures.all().unanswered, 100U);
    EXPECT_EQ(figures.calm().unanswered, 0U);
    EXPECT_LT(figures.calm().asked, figures.all().asked - 200) << "nor is the time to settle";
    EXPECT_EQ(figures.calm().availability(), 1);
}

TEST_F(Load, WhoComesUnderTheNameOfOneThatLeftHasHadNoFault) {
    generator.start({.per_second = 100}, 0);
    generator.fault_begins("eu/a", true, 0);
    generator.remove("eu/a");
    generator.add({"eu", "a", ""}, link);
    turn_until(0, second, [&](std::int64_t now) { answer_new(now + 300); });
    generator.end(second);
    generator.turn(second);
    EXPECT_EQ(generator.figures().calm().asked, 100U);
}

TEST_F(Load, FindsASecondEffectOfWhatWasAskedAgain) {
    generator.start({.per_second = 100}, 0);
    turn_until(0, second, [&](std::int64_t) { drop_new(); });
    generator.end(second);
    turn_until(second, 10 * second, [&](std::int64_t now) {
        outcomes.clear();  // a node that remembers no id
        answer_new(now + 300);
    });
    ASSERT_FALSE(checker.violations().empty());
    EXPECT_TRUE(checker.violations().front().starts_with("eu/a: I3")) << checker.violations()[0];
}

TEST_F(Load, ALateReplyCountsAsNoneAndASecondOneIsAViolation) {
    generator.start({.per_second = 1}, 0);
    generator.turn(0);
    generator.end(1);
    const auto sent = link.sent.at(0);
    generator.turn(3 * second);
    answer({sent.n, 3 * second, allowed(sent.document)});
    generator.turn(3 * second + 1);
    EXPECT_EQ(generator.figures().late_replies, 1U);
    EXPECT_EQ(generator.figures().all().unanswered, 1U);
    EXPECT_TRUE(checker.violations().empty());
    answer({sent.n, 3 * second, allowed(sent.document)});
    generator.turn(3 * second + 2);
    EXPECT_FALSE(checker.violations().empty());
}

TEST_F(Load, DevicesComeAndGoWhileItRuns) {
    generator.add({"us", "b", ""}, link);
    generator.add({"us", "b", ""}, link);
    generator.start({.per_second = 100}, 0);
    turn_until(0, second, [&](std::int64_t now) { answer_new(now + 300); });
    generator.remove("eu/a");
    const std::size_t before = link.sent.size();
    turn_until(second, 2 * second, [&](std::int64_t now) { answer_new(now + 300); });
    generator.end(2 * second);
    generator.turn(2 * second);
    for (std::size_t at = before; at < link.sent.size(); ++at) {
        EXPECT_TRUE(link.sent[at].topic.starts_with("flyball/v1/us/b/")) << link.sent[at].topic;
    }
    const LoadFigures figures = generator.figures();
    EXPECT_EQ(figures.all().asked, 200U);
    ASSERT_EQ(figures.regions.size(), 2U);
    EXPECT_EQ(figures.regions[0].devices, 0U);
    EXPECT_EQ(figures.regions[1].devices, 1U);
    EXPECT_TRUE(checker.violations().empty()) << checker.violations().front();
}

TEST_F(Load, BatchesCountByTheirEntries) {
    generator.start({.per_second = 0, .in_flight = 4, .batch = 16, .checked = false}, 0);
    turn_until(0, second / 10, [&](std::int64_t now) { answer_new(now + 300); });
    generator.end(second / 10);
    generator.turn(second / 10);
    const LoadFigures figures = generator.figures();
    EXPECT_EQ(figures.all().answered, 100U * 4 * 16);
    EXPECT_EQ(figures.latency_us.count(), 400U);
    EXPECT_EQ(link.sent.front().document.size(), 16U);
}

class LoadThatOpens : public Load {
protected:
    LoadThatOpens() : Load(true) {}
};

TEST_F(LoadThatOpens, AsksNothingBeforeTheAccountsAreOpen) {
    generator.start({.per_second = 1'000}, 0);
    generator.turn(0);
    ASSERT_EQ(link.sent.size(), 3U) << "one batch each for billing, subscription and quota";
    std::set<std::string> topics;
    for (const auto& sent : link.sent) {
        topics.insert(sent.topic);
    }
    EXPECT_TRUE(topics.contains("flyball/v1/eu/a/billing/main/admin"));
    EXPECT_TRUE(topics.contains("flyball/v1/eu/a/subscription/main/admin"));
    drop_new();
    turn_until(1'000, 3 * second, [](std::int64_t) {});
    EXPECT_EQ(link.sent.size(), 6U) << "asked again after 2 s";
    answer_new(3 * second);
    generator.turn(3 * second);
    EXPECT_EQ(generator.opening(), 0U);
    EXPECT_EQ(generator.trouble(), "");
    generator.turn(3 * second + 1'000);
    EXPECT_GT(link.sent.size(), 6U);
}

TEST_F(LoadThatOpens, TakesGarbageForTrouble) {
    generator.turn(0);
    answer({link.sent.front().n, 1'000, json::array({{{"decision", 5}}, "\xff"})});
    generator.turn(1'000);
    EXPECT_EQ(generator.trouble(), "");
    answer({link.sent.at(1).n, 2'000, json("\xff")});
    generator.turn(2'000);
    EXPECT_NE(generator.trouble().find("subscription/main"), std::string::npos);
}

TEST_F(LoadThatOpens, SaysWhatIsWrongWithAnAccount) {
    generator.turn(0);
    answer({link.sent.front().n, 1'000,
            json::array({{{"decision", "error"}, {"reason", "not_permitted"}}})});
    generator.turn(1'000);
    EXPECT_NE(generator.trouble().find("not_permitted"), std::string::npos);
}

TEST(Mix, HoldsToItsShares) {
    Mix mix({.governors = {}, .mix = {}, .tenant_stem = "t-"});
    std::map<std::string, int> drawn;
    for (int i = 0; i < 10'000; ++i) {
        const Drawn one = mix.draw();
        ++drawn[one.governor->substr(0, one.governor->find('/'))];
        EXPECT_TRUE(one.request.contains("tenant"));
    }
    EXPECT_NEAR(drawn["entitlement"], 4'000, 200);
    EXPECT_NEAR(drawn["billing"], 3'000, 200);
    EXPECT_NEAR(drawn["quota"], 2'000, 200);
    EXPECT_NEAR(drawn["compliance"] + drawn["subscription"], 1'000, 150);
}

TEST(Histogram, TellsPercentilesToThreePercent) {
    Histogram histogram;
    for (std::int64_t us = 1; us <= 100'000; ++us) {
        histogram.record(us);
    }
    for (const double fraction : {0.01, 0.5, 0.9, 0.99, 0.999}) {
        const double exact = fraction * 100'000;
        EXPECT_GE(static_cast<double>(histogram.percentile(fraction)), exact);
        EXPECT_LE(static_cast<double>(histogram.percentile(fraction)), exact * 1.035);
    }
    EXPECT_EQ(histogram.percentile(1), 100'000);
    EXPECT_EQ(histogram.max_us(), 100'000);
    std::uint64_t sum = 0;
    for (const auto& bucket : histogram.buckets()) {
        sum += bucket.count;
    }
    EXPECT_EQ(sum, 100'000U);
    histogram.record(std::int64_t{1} << 50);  // beyond its range
    histogram.record(-5);
    EXPECT_EQ(histogram.count(), 100'002U);
    EXPECT_EQ(Histogram().percentile(0.99), 0);
}

TEST(FaultWindows, TouchWhatWasUnderWay) {
    FaultWindows windows;
    windows.begin("eu", 10 * second);
    EXPECT_FALSE(windows.touches("eu", "a", 7 * second, 9 * second));
    EXPECT_TRUE(windows.touches("eu", "a", 9 * second, 11 * second));
    EXPECT_FALSE(windows.touches("us", "a", 9 * second, 11 * second));
    windows.end("eu", 12 * second);
    EXPECT_TRUE(windows.touches("eu", "a", 13 * second, 15 * second)) << "it settles";
    EXPECT_FALSE(windows.touches("eu", "a", 15 * second, 16 * second));
}

}  // namespace
}  // namespace flyball
