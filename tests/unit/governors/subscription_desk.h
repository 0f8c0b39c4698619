#pragma once
// A subscription governor that tests speak to as a stranger would, its plans and its states.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "governors/subscription.h"
#include "tests/unit/governors/asked_governor.h"

namespace flyball {

inline constexpr std::int64_t day_ms = 86'400'000;

inline Tree plan(const char* period, const char* trial, const char* grace) {
    return Tree::Map{{"period", period}, {"trial", trial}, {"grace", grace}};
}

inline Tree::Map ten_days() {
    return {
        {"plans", Tree::Map{{"std", plan("10d", "5d", "2d")}, {"big", plan("20d", "0s", "1d")}}},
        {"notice", "1d"}};
}

struct SubscriptionTest : testing::Test {
    explicit SubscriptionTest(Tree::Map raw = ten_days())
        : desk("subscription", std::make_unique<SubscriptionRules>(), raw) {}
    Json op(const char* name, Json fields = Json::object()) {
        fields["tenant"] = "acme";
        fields["op"] = name;
        return desk.ask_admin(fields);
    }
    Json check() { return desk.ask({{"tenant", "acme"}}); }
    std::string state() { return check().at("state"); }
    void pass_days(double days) {
        desk.pass(Span{static_cast<std::int64_t>(days * static_cast<double>(day_ms))});
    }
    // Brings the subscription of a fresh tenant into `wanted`.
    void bring(const std::string& wanted) {
        op("forget");
        if (wanted == "none") {
            return;
        }
        op("start", {{"trial", wanted == "trialing" || wanted == "expired"}});
        if (wanted == "past_due") {
            op("payment_failed");
        } else if (wanted == "paused") {
            op("pause");
        } else if (wanted == "canceling") {
            op("cancel");
        } else if (wanted == "canceled") {
            op("cancel", {{"at_period_end", false}});
        } else if (wanted == "expired") {
            op("set_auto_renew", {{"value", false}});
            pass_days(5);
        }
        ASSERT_EQ(state(), wanted);
    }
    std::vector<std::string> told() {
        std::vector<std::string> all;
        for (const Json& event : desk.take_events()) {
            std::string text = event.at("event");
            if (event.contains("to")) {
                text += " " + event.at("from").get<std::string>() + " " +
                        event.at("to").get<std::string>();
            }
            all.push_back(text + " " + std::to_string(since(event.at("at"))));
        }
        return all;
    }
    std::int64_t since(std::int64_t ms) const { return (ms - begun) / (day_ms / 24); }  // hours
    AskedGovernor desk;
    std::int64_t begun = to_ms(desk.now());
};

}  // namespace flyball
