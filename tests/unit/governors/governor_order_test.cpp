// The order of checks of an entry: with two faults at once the earlier one is answered.

#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <string_view>

#include "tests/unit/governors/asked_quota.h"

namespace flyball {
namespace {

// One thing wrong with a request, in the order in which it is to be found out. Two rows that write
// the same key cannot stand in one request.
struct Wrong {
    std::string_view what;
    std::string_view key;  // the key that this writes
    Json value;
    std::string_view reason;
    std::string_view field;
};

const std::vector<Wrong>& wrongs() {
    static const std::vector<Wrong> rows = {
        {"must is no list", "must", "batch", "bad_field", "must"},
        {"must names what nobody knows", "must", Json::array({"warp"}), "unsupported", "warp"},
        {"tenant is no text", "tenant", 7, "bad_field", "tenant"},
        {"tenant has a control character", "tenant", "a\nb", "bad_field", "tenant"},
        {"op is no text", "op", 7, "bad_field", "op"},
        {"op is null", "op", nullptr, "bad_field", "op"},
        {"id is negative", "id", -1, "bad_field", "id"},
        {"id is empty", "id", "", "bad_field", "id"},
        {"tenant is another's", "tenant", "other", "tenant_mismatch", "tenant"},
        {"op is unknown", "op", "fly", "unknown_op", "op"},
        {"op is the operator's", "op", "reset", "not_permitted", "op"},
        {"resource is no text", "resource", 7, "bad_field", "resource"},
        {"hits is negative", "hits", -5, "bad_field", "hits"},
        {"hits is a fraction", "hits", 1.5, "bad_field", "hits"},
        {"id was used with other content", "id", "used", "id_reused", "id"},
        {"id finds the ring full", "id", "new", "overloaded", ""},
    };
    return rows;
}

// A governor with room for one tenant, which is there, and one id, which is young: a request for
// the tenant `fresh` is short of both.
AskedQuota crowded() {
    AskedQuota quota(
        {{"max_tenants", 1}, {"id_window", "1h"}, {"ids", Tree::Map{{"capacity", 1}}}});
    EXPECT_EQ(quota.ask({{"tenant", "fresh"}, {"hits", 11}, {"id", "used"}}).at("reason"),
              "exceeds_limit");
    EXPECT_EQ(quota.ask({{"tenant", "acme"}}).at("decision"), "allow");
    return quota;
}

void expect_answer(const Json& reply, const Wrong& wrong, std::string_view beside) {
    EXPECT_EQ(reply.at("decision"), "error") << wrong.what << " + " << beside;
    EXPECT_EQ(reply.at("reason"), wrong.reason) << wrong.what << " + " << beside;
    EXPECT_EQ(reply.value("field", ""), wrong.field == "" ? reply.value("field", "") : wrong.field)
        << wrong.what << " + " << beside;
    EXPECT_EQ(reply.at("allowed"), false);
    EXPECT_FALSE(reply.contains("seq"));
    EXPECT_FALSE(reply.at("message").get<std::string>().empty());
}

TEST(OrderOfChecks, AnswersTheEarlierOfAnyTwoFaultsOfAnEntry) {
    AskedQuota quota = crowded();
    int pairs = 0;
    for (std::size_t first = 0; first < wrongs().size(); ++first) {
        for (std::size_t second = first + 1; second < wrongs().size(); ++second) {
            const Wrong& earlier = wrongs()[first];
            const Wrong& later = wrongs()[second];
            if (earlier.key == later.key) {
                continue;
            }
            Json request = {{std::string(earlier.key), earlier.value},
                            {std::string(later.key), later.value}};
            expect_answer(quota.ask_as("fresh", request), earlier, later.what);
            ++pairs;
        }
    }
    EXPECT_GT(pairs, 80);
}

TEST(OrderOfChecks, AnswersEachFaultAloneBeforeTheLackOfAPlace) {
    AskedQuota quota = crowded();
    for (const Wrong& wrong : wrongs()) {
        expect_answer(quota.ask_as("fresh", {{std::string(wrong.key), wrong.value}}), wrong,
                      "no place");
    }
    const Json reply = quota.ask_as("fresh", {{"resource", "nothing"}});
    EXPECT_EQ(reply.at("reason"), "tenant_limit") << "before unknown_resource";
}

TEST(OrderOfChecks, MissesTheTenantBeforeItLooksAtTheRest) {
    AskedQuota quota;
    const Json rest = {{"op", 7}, {"id", -1}, {"hits", -1}};
    Json reply = quota.ask(rest);
    EXPECT_EQ(reply.at("reason"), "missing_field");
    EXPECT_EQ(reply.at("field"), "tenant");
    Json with_must = rest;
    with_must["must"] = Json::array({"warp"});
    EXPECT_EQ(quota.ask(with_must).at("reason"), "unsupported");
}

TEST(OrderOfChecks, KnowsNoTenantBeforeItKnowsNoResource) {
    AskedQuota quota(Tree::Map{{"auto_enroll", false}});
    EXPECT_EQ(quota.ask({{"tenant", "acme"}, {"resource", "nothing"}}).at("reason"),
              "unknown_tenant");
    EXPECT_EQ(quota.ask({{"tenant", "acme"}, {"hits", -1}}).at("reason"), "bad_field");
}

TEST(OrderOfChecks, RefusesTheOpOfTheOperatorBeforeItReadsItsFields) {
    AskedQuota quota;
    const Json request = {{"tenant", "acme"}, {"op", "set_limit"}, {"limit", "many"}};
    EXPECT_EQ(quota.ask(request).at("reason"), "not_permitted");
    EXPECT_EQ(quota.ask_admin(request).at("field"), "limit");
}

TEST(OrderOfChecks, GivesTheGovernorsReasonsInTheirOrder) {
    AskedQuota quota;
    EXPECT_EQ(quota.ask({{"tenant", "acme"}, {"hits", 10}}).at("decision"), "allow");
    EXPECT_EQ(quota.ask({{"tenant", "acme"}, {"resource", "no"}, {"hits", 99}}).at("reason"),
              "unknown_resource");
    EXPECT_EQ(quota.ask({{"tenant", "acme"}, {"hits", 11}}).at("reason"), "exceeds_limit");
    EXPECT_EQ(quota.ask({{"tenant", "acme"}, {"hits", 10}}).at("reason"), "quota_exceeded");
}

TEST(OrderOfChecks, ReplaysARepeatedIdAlsoWhenThereIsNoRoomForANewOne) {
    AskedQuota quota = crowded();
    const Json reply = quota.ask({{"tenant", "fresh"}, {"hits", 11}, {"id", "used"}});
    EXPECT_EQ(reply.at("reason"), "exceeds_limit");
    EXPECT_EQ(reply.at("replayed"), true);
}

}  // namespace
}  // namespace flyball
