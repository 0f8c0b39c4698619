#include "schemas/topic.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "schemas/request.h"

namespace flyball {
namespace {

const Root root{"flyball/v1", "eu-west", "pi-7"};

std::string written(const Topic& topic) {
    std::string out;
    append_topic(out, root, topic);
    return out;
}

struct Row {
    std::string_view rest;
    Channel channel;
    std::string_view type;
    std::string_view name;
    bool has_tenant;
    std::string_view tenant;
};

class TopicTable : public testing::TestWithParam<Row> {};

TEST_P(TopicTable, ParsesAndWritesTheSameTopic) {
    const Row& row = GetParam();
    const std::string text = "flyball/v1/eu-west/pi-7/" + std::string(row.rest);
    TopicParser parser(root);
    const auto topic = parser.parse(text);
    ASSERT_TRUE(topic.has_value()) << text;
    EXPECT_EQ(topic->channel, row.channel) << text;
    EXPECT_EQ(topic->type, row.type);
    EXPECT_EQ(topic->name, row.name);
    EXPECT_EQ(topic->has_tenant, row.has_tenant);
    EXPECT_TRUE(topic->tenant_canonical);
    EXPECT_EQ(topic->tenant, row.tenant);
    EXPECT_EQ(written(*topic), text);
    Topic from_tenant = *topic;
    from_tenant.tenant_level = {};
    EXPECT_EQ(written(from_tenant), text);
}

INSTANTIATE_TEST_SUITE_P(
    Topic, TopicTable,
    testing::Values(
        Row{"quota/main/request", Channel::request, "quota", "main", false, ""},
        Row{"quota/main/request/acme", Channel::request, "quota", "main", true, "acme"},
        Row{"quota/main/request/a%2Fb", Channel::request, "quota", "main", true, "a/b"},
        Row{"quota/main/request/%24SYS", Channel::request, "quota", "main", true, "$SYS"},
        Row{"quota/main/request/a$", Channel::request, "quota", "main", true, "a$"},
        Row{"quota/main/admin", Channel::admin, "quota", "main", false, ""},
        Row{"quota/main/decision", Channel::decision, "quota", "main", false, ""},
        Row{"quota/main/decision/acme", Channel::decision, "quota", "main", true, "acme"},
        Row{"billing/prepaid/event", Channel::event, "billing", "prepaid", false, ""},
        Row{"admit/request", Channel::request, "admit", "", false, ""},
        Row{"admit/request/acme", Channel::request, "admit", "", true, "acme"},
        Row{"admit/request/admin", Channel::request, "admit", "", true, "admin"},
        Row{"admit/request/request", Channel::request, "admit", "", true, "request"},
        Row{"admit/decision", Channel::decision, "admit", "", false, ""},
        Row{"admit/decision/acme", Channel::decision, "admit", "", true, "acme"},
        Row{"admit/x/request", Channel::request, "admit", "x", false, ""},
        Row{"control", Channel::control, "", "", false, ""},
        Row{"control/reply", Channel::control_reply, "", "", false, ""},
        Row{"health", Channel::health, "", "", false, ""},
        Row{"trace", Channel::trace, "", "", false, ""},
        Row{"_tick", Channel::tick, "", "", false, ""},
        Row{"_wake", Channel::wake, "", "", false, ""}));

TEST(Topic, IsNothingWhenItIsNotOneOfTheNodes) {
    TopicParser parser(root);
    for (const char* text :
         {"", "flyball/v1/eu-west/pi-7", "flyball/v1/eu-west/pi-7/",
          "flyball/v1/eu-west/pi-77/health", "flyball/v1/eu-west/pi-7/healthy",
          "flyball/v1/eu-west/pi-7/health/x", "flyball/v1/eu-west/pi-7/quota/main",
          "flyball/v1/eu-west/pi-7/quota/main/policy",
          "flyball/v1/eu-west/pi-7/quota/main/admin/acme",
          "flyball/v1/eu-west/pi-7/quota/main/event/acme",
          "flyball/v1/eu-west/pi-7/quota/main/request/acme/x",
          "flyball/v1/eu-west/pi-7/control/reply/x", "flyball/v1/eu-west/pi-7/admit/admin",
          "flyball/v1/eu-west/pi-7/admit/event", "flyball/v1/eu-west/pi-7/admit//request",
          "flyball/v1/eu-west/pi-7/admit//request/acme", "flyball/v1/eu-west/pi-7/admit//admin",
          "other/v1/eu-west/pi-7/health"}) {
        EXPECT_FALSE(parser.parse(text).has_value()) << text;
    }
}

TEST(Topic, ShowsWhereATitleStandsWithoutParsing) {
    const TopicParser parser(root);
    const std::string below = "flyball/v1/eu-west/pi-7";
    EXPECT_EQ(parser.asked_title(below + "/quota/main/request"), "quota/main");
    EXPECT_EQ(parser.asked_title(below + "/admit/request"), "admit");  // of no governor
    EXPECT_EQ(parser.asked_title(below + "/a/b/c/request"), "a/b/c");  // neither
    for (const std::string_view rest : {"", "/", "/request", "//request", "/quota/main/admin",
                                        "/quota/main/request/acme", "0/quota/main/request"}) {
        const std::string topic = below + std::string(rest);
        EXPECT_EQ(parser.asked_title(topic), "") << topic;
    }
    EXPECT_EQ(parser.asked_title("flyball/v1/eu-west/pi-8/quota/main/request"), "");
}

TEST(Topic, SaysWhenATenantLevelIsNotCanonical) {
    TopicParser parser(root);
    const std::string long_level(65, 'x');
    for (const std::string& level :
         {std::string("a%2fb"), std::string("%61"), std::string("%"), std::string("a%2"),
          std::string("$SYS"), std::string("a%24"), std::string("%GG"), std::string("a%00"),
          std::string(""), long_level, std::string("\xff"), std::string(200, 'x')}) {
        const auto topic = parser.parse("flyball/v1/eu-west/pi-7/quota/main/request/" + level);
        ASSERT_TRUE(topic.has_value()) << level;
        EXPECT_TRUE(topic->has_tenant);
        EXPECT_FALSE(topic->tenant_canonical) << level;
        EXPECT_EQ(topic->tenant, "");
    }
}

TEST(Topic, AnswersANonCanonicalTenantOnTheLevelThatItUsed) {
    const std::string request = "flyball/v1/eu-west/pi-7/quota/main/request/a%2fb";
    TopicParser parser(root);
    Topic reply = parser.parse(request).value();
    reply.channel = Channel::decision;
    EXPECT_EQ(written(reply), "flyball/v1/eu-west/pi-7/quota/main/decision/a%2fb");
}

rc::Gen<std::string> any_name() {
    return rc::gen::mapcat(rc::gen::inRange<std::size_t>(1, 64), [](std::size_t size) {
        return rc::gen::container<std::string>(size,
                                               rc::gen::elementOf(std::string("abcxyz0189_-")));
    });
}

rc::Gen<std::string> any_tenant() {
    return rc::gen::mapcat(rc::gen::inRange<std::size_t>(1, 33), [](std::size_t size) {
        return rc::gen::map(rc::gen::container<std::vector<std::string>>(
                                size, rc::gen::elementOf(std::vector<std::string>{
                                          "a", "Z", "0", " ", "/", "+", "#", "%", "$", "%2", "2F",
                                          "\xc3\xa4", "~"})),
                            [](const std::vector<std::string>& parts) {
                                std::string tenant;
                                for (const std::string& part : parts) {
                                    tenant += part;
                                }
                                return tenant;
                            });
    });
}

RC_GTEST_PROP(Topic, ParsesBackWhatItWroteForAnyNameAndTenant, ()) {
    const std::string type = *any_name();
    const std::string name = *any_name();
    const std::string tenant = *any_tenant();
    RC_PRE(valid_tenant(tenant));
    RC_PRE(type != "admit");
    const Topic topic{.channel = *rc::gen::element(Channel::request, Channel::decision),
                      .type = type,
                      .name = name,
                      .has_tenant = true,
                      .tenant = tenant};
    const std::string text = written(topic);
    RC_ASSERT(valid_publish_topic(text, topic_bytes_max));
    TopicParser parser(root);
    const auto parsed = parser.parse(text);
    RC_ASSERT(parsed.has_value());
    RC_ASSERT(parsed->channel == topic.channel);
    RC_ASSERT(parsed->type == type);
    RC_ASSERT(parsed->name == name);
    RC_ASSERT(parsed->tenant_canonical);
    RC_ASSERT(parsed->tenant == tenant);
}

// One spelling a tenant: whatever decodes, encodes back to the very same level.
RC_GTEST_PROP(Topic, AcceptsOnlyTheSpellingThatItWouldWrite, ()) {
    const auto parts = *rc::gen::container<std::vector<std::string>>(rc::gen::elementOf(
        std::vector<std::string>{"a", "F", "%", "2", "f", "%2F", "%2B", "%23", "%25", "%24", "$",
                                 "%2f", "%41", "\xc3\xa4", "\xc3"}));
    std::string level;
    for (const std::string& part : parts) {
        level += part;
    }
    std::array<char, 3 * tenant_bytes_max> buffer{};
    const auto tenant = decode_tenant(level, buffer);
    if (tenant) {
        std::string again;
        append_encoded_tenant(again, *tenant);
        RC_ASSERT(again == level);
        RC_ASSERT(valid_tenant(*tenant));
    }
}

TEST(Tenant, AllOfWhoseBytesAreEncodedStillFits) {
    const std::string tenant(64, '/');
    std::string level;
    append_encoded_tenant(level, tenant);
    EXPECT_EQ(level.size(), 192U);
    std::array<char, 3 * tenant_bytes_max> buffer{};
    EXPECT_EQ(decode_tenant(level, buffer), std::optional<std::string_view>(tenant));
}

TEST(RequestFilters, CoverEveryTopicThatANodeReads) {
    const std::string below = "flyball/v1/eu-west/pi-7/";
    EXPECT_EQ(request_filters(root, false),
              (std::vector<std::string>{below + "+/+/request", below + "+/+/request/+",
                                        below + "+/+/admin", below + "admit/request",
                                        below + "admit/request/+", below + "control",
                                        below + "health", below + "_tick"}));
}

TEST(RequestFilters, LeaveThePlainTopicsOutWhenOnlyTenantTopicsAreOpen) {
    const std::string below = "flyball/v1/eu-west/pi-7/";
    EXPECT_EQ(request_filters(root, true),
              (std::vector<std::string>{below + "+/+/request/+", below + "+/+/admin",
                                        below + "admit/request/+", below + "control",
                                        below + "health", below + "_tick"}));
}

TEST(PublishTopic, IsShortUtf8WithoutWildcardsOrControlCharacters) {
    EXPECT_TRUE(valid_publish_topic("a", 256));
    EXPECT_TRUE(valid_publish_topic("/", 256));
    EXPECT_TRUE(valid_publish_topic("r\xc3\xa9ponse/$x", 256));
    EXPECT_TRUE(valid_publish_topic(std::string(256, 'x'), 256));
    for (const std::string& text :
         {std::string(), std::string(257, 'x'), std::string("a/+"), std::string("a/#"),
          std::string("$SYS/x"), std::string("a\0b", 3), std::string("a\nb"), std::string("\xff"),
          std::string("a\x7f")}) {
        EXPECT_FALSE(valid_publish_topic(text, 256)) << text;
    }
}

}  // namespace
}  // namespace flyball
