#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "schemas/topic.h"

namespace flyball {
namespace {

const Root root{"flyball/v1", "eu-west", "pi-7"};

ReplyPolicy defaults() {
    return {root, {"*/reply/", "*/response/", "clients/"}};
}

TEST(ReplyPolicy, AllowsAnythingBelowThePrefixesReplyToTrustedRequesters) {
    EXPECT_TRUE(defaults().allows("flyball/v1/reply/acme/1", ""));
    EXPECT_TRUE(defaults().allows("flyball/v1/reply/x", ""));
    EXPECT_FALSE(defaults().allows("flyball/v1/reply/", ""));
    EXPECT_FALSE(defaults().allows("flyball/v1/reply", ""));
    EXPECT_FALSE(defaults().allows("flyball/v1/replyx/1", ""));
}

TEST(ReplyPolicy, BindsARequestOnATenantTopicToItsOwnReplies) {
    EXPECT_TRUE(defaults().allows("flyball/v1/reply/acme/1", "acme"));
    EXPECT_TRUE(defaults().allows("flyball/v1/reply/a%2Fb/1", "a%2Fb"));
    EXPECT_FALSE(defaults().allows("flyball/v1/reply/acme", "acme"));
    EXPECT_FALSE(defaults().allows("flyball/v1/reply/acme/", "acme"));
    EXPECT_FALSE(defaults().allows("flyball/v1/reply/acme2/1", "acme"));
    EXPECT_FALSE(defaults().allows("flyball/v1/reply/other/1", "acme"));
    EXPECT_FALSE(defaults().allows("flyball/v1/reply//acme/1", "acme"));
}

TEST(ReplyPolicy, AllowsAReplyOrResponseLevelAnywhereOutsideThePrefix) {
    for (const char* topic : {"app/reply/1", "app/x/response/y/z", "reply/1", "app/reply", "reply",
                              "clients/7", "clients/a/b", "flyball/v2/reply/1"}) {
        EXPECT_TRUE(defaults().allows(topic, "")) << topic;
        EXPECT_TRUE(defaults().allows(topic, "acme")) << topic;
    }
    for (const char* topic : {"app/replies/1", "app/my-reply/1", "client/7", "clients", "app/1",
                              "xclients/7", "homeassistant/switch/set"}) {
        EXPECT_FALSE(defaults().allows(topic, "")) << topic;
    }
}

TEST(ReplyPolicy, NeverOpensItsOwnPrefixWhateverIsConfigured) {
    const ReplyPolicy open(root, {"*/reply/", "*/request/", "fly", "flyball/v1/eu-west/"});
    for (const char* topic :
         {"flyball/v1/eu-west/pi-7/quota/main/request", "flyball/v1/eu-west/pi-7/control/reply",
          "flyball/v1/eu-west/reply/health", "flyball/v1/eu-west/pi-7/health"}) {
        EXPECT_FALSE(open.allows(topic, "")) << topic;
    }
    EXPECT_TRUE(open.allows("flywheel/x", ""));
}

TEST(ReplyPolicy, RefusesWildcardsDollarTopicsAndWhatIsTooLong) {
    EXPECT_FALSE(defaults().allows("app/reply/+", ""));
    EXPECT_FALSE(defaults().allows("app/reply/#", ""));
    EXPECT_FALSE(defaults().allows("$SYS/reply/1", ""));
    EXPECT_FALSE(defaults().allows("", ""));
    EXPECT_TRUE(defaults().allows("clients/" + std::string(248, 'x'), ""));
    EXPECT_FALSE(defaults().allows("clients/" + std::string(249, 'x'), ""));
}

TEST(ReplyPolicy, TakesSeveralLevelsBehindAStar) {
    const ReplyPolicy policy(root, {"*/inbox/flyball/"});
    EXPECT_TRUE(policy.allows("app/inbox/flyball/1", ""));
    EXPECT_TRUE(policy.allows("app/inbox/flyball", ""));
    EXPECT_FALSE(policy.allows("app/inbox/1/flyball", ""));
    EXPECT_FALSE(ReplyPolicy(root, {}).allows("app/reply/1", ""));
}

// Stated without the policy's own words: whoever may write only below reply/<tenant> can make the
// node publish below no other topic of the prefix.
RC_GTEST_PROP(ReplyPolicy, GivesATenantNothingElseOfThePrefix, ()) {
    const auto levels = *rc::gen::container<std::vector<std::string>>(
        rc::gen::element<std::string>("flyball", "v1", "reply", "response", "acme", "acme2",
                                      "request", "clients", "eu-west", ""));
    std::string topic;
    for (const std::string& level : levels) {
        topic += (topic.empty() ? "" : "/") + level;
    }
    if (topic.starts_with("flyball/v1/") && defaults().allows(topic, "acme")) {
        RC_ASSERT(topic.starts_with("flyball/v1/reply/acme/"));
    }
}

}  // namespace
}  // namespace flyball
