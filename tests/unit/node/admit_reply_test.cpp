// Admit's dry runs, and the shapes of its answers: brief, in either encoding, of a batch.

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

// ---- dry runs

TEST(AdmitDryRun, AnswersTheSameAndChangesNothing) {
    AdmitDesk desk;
    const Json before = desk.picture();
    Json request = {{"id", 1},
                    {"dry_run", true},
                    {"compliance", storing(good_region)},
                    {"quota", hits(9)},
                    {"billing", {{"amount", 30}}}};
    const Json dry = desk.admit(request);
    EXPECT_EQ(dry.at("dry_run"), true);
    EXPECT_EQ(dry.at("decision"), "allow");
    EXPECT_EQ(dry.at("seq"), 1);
    EXPECT_EQ(dry.at("quota").at("used"), 9) << "the levels that the real one would leave";
    EXPECT_EQ(dry.at("billing").at("balance"), 70);
    EXPECT_FALSE(dry.at("compliance").contains("audit"));
    EXPECT_EQ(desk.picture(), before);
    EXPECT_EQ(desk.chain_length(), 0U);
    EXPECT_TRUE(desk.take_events().empty());
    EXPECT_EQ(desk.engine().admit().counts().allow, 0U);
    EXPECT_EQ(desk.engine().admit().ids().size(), 0U);
    request.erase("dry_run");
    Json real = desk.admit(request);
    EXPECT_EQ(real.at("seq"), 2);
    EXPECT_FALSE(real.contains("replayed"));
    real["compliance"].erase("audit");
    Json same = dry;
    for (const char* own : {"dry_run", "seq"}) {
        same.erase(own);
        real.erase(own);
    }
    EXPECT_EQ(real, same);
}

TEST(AdmitDryRun, OfADenialLeavesNoStrikeAndNoRecord) {
    AdmitDesk desk;
    const Json before = desk.picture();
    for (int i = 0; i < 3; ++i) {
        const Json reply = desk.admit({{"dry_run", true}, {"compliance", storing(bad_region)}});
        EXPECT_EQ(reply.at("reason"), "violation");
        EXPECT_EQ(reply.at("denied_by"), "compliance/main");
    }
    EXPECT_EQ(desk.picture(), before);
    EXPECT_EQ(desk.chain_length(), 0U);
    EXPECT_EQ(desk.engine().admit().counts().deny, 0U);
}

TEST(AdmitDryRun, LooksAtNoRememberedId) {
    AdmitDesk desk;
    desk.admit({{"id", 1}, {"quota", hits(1)}});
    const Json dry = desk.admit({{"id", 1}, {"dry_run", true}, {"quota", hits(5)}});
    EXPECT_EQ(dry.at("decision"), "allow");
    EXPECT_FALSE(dry.contains("replayed"));
    EXPECT_EQ(dry.at("quota").at("used"), 6);
    EXPECT_EQ(desk.used(), 1);
}

TEST(AdmitDryRun, IsTakenBackWhenItIsBriefToo) {
    AdmitDesk desk;
    const Json before = desk.picture();
    const Json reply = desk.admit({{"dry_run", true}, {"brief", true}, {"quota", hits(5)}});
    EXPECT_EQ(reply.at("dry_run"), true);
    EXPECT_EQ(desk.picture(), before);
}

// ---- shapes

TEST(AdmitReply, IsBriefWhenAsked) {
    AdmitDesk desk;
    const Json request = {{"id", "0123456789abcdef"}, {"brief", true}, {"quota", hits(11)}};
    const Json reply = desk.admit(request);
    EXPECT_EQ(reply, Json({{"id", "0123456789abcdef"},
                           {"allowed", false},
                           {"decision", "deny"},
                           {"reason", "exceeds_limit"},
                           {"seq", 1}}));
    EXPECT_LE(reply.dump().size(), 160U);
}

TEST(AdmitReply, MeansTheSameInEitherEncoding) {
    AdmitDesk spoken;
    AdmitDesk packed;
    const std::vector<Json> requests = {
        {{"tenant", "acme"}, {"quota", Json::array({hits(6), hits(5)})}},
        {{"tenant", "acme"}, {"id", 7}, {"quota", hits(2)}, {"billing", {{"amount", 101}}}},
        {{"tenant", "acme"}, {"compliance", storing(bad_region)}},
        {{"tenant", "acme"}, {"id", 8}, {"quota", hits(2)}, {"billing", {{"amount", 1}}}},
        {{"tenant", "acme"}, {"quota", hits(-2)}}};
    for (const Json& request : requests) {
        const std::vector<std::uint8_t> bytes = Json::to_msgpack(request);
        const std::string payload(bytes.begin(), bytes.end());
        EXPECT_EQ(spoken.ask("admit/request", request),
                  Json::from_msgpack(packed.bytes("admit/request", payload)));
    }
}

TEST(AdmitReply, OfABatchStandsInItsPlace) {
    AdmitDesk desk;
    const Json reply =
        desk.ask("admit/request", Json::array({{{"tenant", "a"}, {"quota", hits(6)}, {"cid", 0}},
                                               7,
                                               {{"tenant", "a"}, {"quota", hits(5)}},
                                               {{"tenant", "a"}, {"quota", {{"hits", "x"}}}},
                                               {{"tenant", "a"}, {"quota", hits(4)}, {"cid", 4}}}));
    ASSERT_EQ(reply.size(), 5U);
    EXPECT_EQ(reply[0].at("quota").at("used"), 6);
    EXPECT_EQ(reply[1].at("reason"), "malformed");
    EXPECT_EQ(reply[1].at("governor"), "admit");
    EXPECT_EQ(reply[2].at("reason"), "quota_exceeded");
    EXPECT_EQ(reply[3].at("field"), "quota.hits");
    EXPECT_EQ(reply[4].at("quota").at("used"), 10) << "not atomic";
    EXPECT_EQ(reply[4].at("cid"), 4);
    EXPECT_EQ(reply[4].at("seq"), 3);
}

}  // namespace
}  // namespace flyball
