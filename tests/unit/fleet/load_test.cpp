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
        if (full) {
            return false;
        }
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
    std::uint64_t dropped() const override { return lost; }

    std::vector<Sent> sent;
    std::deque<Arrival> replies;
    std::uint64_t lost = 0;
    bool full = false;
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

TEST_F(Load, AFaultOfOneThatHasLeftIsNoneOfWhoComesUnderItsName) {
    generator.start({.per_second = 100}, 0);
    generator.remove("eu/a");
    generator.fault_begins("eu/a", true, 0);  // nobody will tell of its end
    generator.add({"eu", "a", ""}, link);
    turn_until(0, second, [&](std::int64_t now) { answer_new(now + 300); });
    generator.fault_begins("eu/a", false, second);
    generator.add({"eu", "a", ""}, link);  // it is there already
    turn_until(second, 2 * second, [&](std::int64_t now) { answer_new(now + 300); });
    generator.end(2 * second);
    generator.turn(2 * second);
    const LoadFigures figures = generator.figures();
    EXPECT_GT(figures.calm().asked, 90U);
    EXPECT_LE(figures.calm().asked, 101U) << "that fault is its own";
}

TEST_F(Load, AnIdIsNewAlsoToADeviceThatCameBack) {
    generator.start({.per_second = 100}, 0);
    turn_until(0, second, [&](std::int64_t now) { answer_new(now + 300); });
    std::set<std::string> ids;
    for (const auto& sent : link.sent) {
        ids.insert(sent.document.value("id", json()).dump());
    }
    const std::size_t before = link.sent.size();
    generator.remove("eu/a");
    generator.add({"eu", "a", ""}, link);
    turn_until(second, 2 * second, [&](std::int64_t now) { answer_new(now + 300); });
    for (std::size_t at = before; at < link.sent.size(); ++at) {
        const json& request = link.sent[at].document;
        EXPECT_FALSE(request.contains("id") && ids.contains(request["id"].dump())) << request;
    }
}

TEST_F(Load, WhatADeviceThatLeavesOwesIsCounted) {
    generator.start({.per_second = 100}, 0);
    generator.turn(0);
    turn_until(1'000, second, [&](std::int64_t) {});
    const std::size_t half = link.sent.size() / 2;
    generator.remove("eu/a");
    generator.end(second);
    for (std::size_t at = 0; at < half; ++at) {  // it decides what it has before it goes
        answer({link.sent[at].n, second, allowed(link.sent[at].document)});
    }
    turn_until(second, 5 * second, [&](std::int64_t) {});
    const LoadFigures figures = generator.figures();
    EXPECT_EQ(figures.all().answered, half);
    EXPECT_EQ(figures.all().answered + figures.all().unanswered, figures.all().asked);
    EXPECT_EQ(figures.calm().unanswered, 0U);
    EXPECT_GT(figures.in_doubt.at("its device was taken away"), 0U);
    EXPECT_TRUE(generator.settled());
}

TEST_F(Load, WhatTheToolLosesByItselfIsSaid) {
    generator.start({.per_second = 100}, 0);
    link.full = true;
    turn_until(0, second, [&](std::int64_t) {});
    link.lost = 3;
    EXPECT_EQ(generator.figures().not_sent, 100U);
    EXPECT_EQ(generator.figures().replies_lost, 3U);
    generator.end(second);
    turn_until(second, 60 * second, [&](std::int64_t) {});
    std::uint64_t doubtful = 0;
    for (const auto& [why, times] : generator.figures().in_doubt) {
        doubtful += times;
    }
    EXPECT_GT(doubtful, 30U) << "nobody knows what became of them";
}

TEST_F(Load, AnErrorIsNoDecision) {
    generator.start({.per_second = 0, .in_flight = 1, .batch = 1, .checked = false}, 0);
    turn_until(0, second, [&](std::int64_t now) {
        for (; seen < link.sent.size(); ++seen) {
            const bool odd = seen % 2 == 1;
            answer({link.sent[seen].n, now + 300,
                    odd ? json{{"decision", "error"}, {"reason", "overloaded"}}
                        : allowed(link.sent[seen].document)});
        }
    });
    generator.end(second);
    generator.turn(second);
    const LoadFigures figures = generator.figures();
    EXPECT_NEAR(figures.decided_per_second() * 2, figures.answered_per_second(), 2);
}

TEST_F(Load, ANodeHasCountedWhatItAnsweredBeforeItsReport) {
    generator.start({.per_second = 100}, 0);
    generator.counted("eu/a", {.at_ms = 1, .started_at_ms = 7, .requests = 0}, 5);
    turn_until(0, second, [&](std::int64_t now) { answer_new(now + 300); });
    generator.counted("eu/a", {.at_ms = 1'000, .started_at_ms = 7, .requests = 50}, 1'010);
    generator.counted("eu/a", {.at_ms = 1'005, .started_at_ms = 7, .requests = 60}, 1'011);
    EXPECT_TRUE(checker.violations().empty()) << "made before the one before had come";
    generator.counted("eu/a", {.at_ms = 2'000, .started_at_ms = 8, .requests = 3}, 2'010);
    EXPECT_TRUE(checker.violations().empty()) << "it was started anew";
    turn_until(second, 2 * second, [&](std::int64_t now) { answer_new(now + 300); });
    generator.counted("eu/a", {.at_ms = 3'000, .started_at_ms = 8, .requests = 103}, 3'010);
    EXPECT_TRUE(checker.violations().empty()) << checker.violations().front();
    generator.counted("eu/a", {.at_ms = 4'000, .started_at_ms = 8, .requests = 90}, 4'010);
    ASSERT_FALSE(checker.violations().empty());
    EXPECT_NE(checker.violations().front().find("health counts 90"), std::string::npos);
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

}  // namespace
}  // namespace flyball
