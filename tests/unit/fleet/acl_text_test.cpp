// The access list as text: what cannot be in one is refused. What it lets through is seen on a real
// broker (tests/e2e/identity).

#include "fleet/acl/acl_text.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <sstream>

#include "transport/topic_filter.h"

namespace flyball {
namespace {

AclPlan plan_of(std::vector<std::string> reply_prefixes) {
    AclPlan plan;
    plan.nodes = {{{"eu", "n1"}, "eu/n1"}};
    plan.reply_prefixes = std::move(reply_prefixes);
    return plan;
}

std::string refusal(const AclPlan& plan) {
    const auto text = acl_text(plan);
    return text ? "" : text.error().message;
}

// The filters that come with a reply prefix and would not be there without it.
std::vector<std::string> reply_filters(const std::string& prefix) {
    const std::string without = acl_text(plan_of({})).value();
    std::istringstream lines(acl_text(plan_of({prefix})).value());
    std::vector<std::string> filters;
    for (std::string line; std::getline(lines, line);) {
        if (without.find(line + "\n") == std::string::npos) {
            filters.push_back(line.substr(line.rfind(' ') + 1));
        }
    }
    return filters;
}

TEST(AclText, NamesALoginThatIsGivenTwoRoles) {
    AclPlan plan = plan_of({});
    plan.operators = {"ops"};
    plan.tenants = {"ops"};
    EXPECT_EQ(refusal(plan), "the login 'ops' is given twice: one login, one role");
}

TEST(AclText, RefusesALoginThatALineCannotHold) {
    for (const char* login : {"", " ops", "ops ", "o\nps", "ops\x01", "\xff"}) {
        AclPlan plan = plan_of({});
        plan.operators = {login};
        EXPECT_NE(refusal(plan).find("does not fit a line"), std::string::npos) << login;
    }
}

TEST(AclText, RefusesALoginWithAWildcard) {
    for (const char* login : {"a+b", "#"}) {
        AclPlan plan = plan_of({});
        plan.trusted = {login};
        EXPECT_NE(refusal(plan).find("has a wildcard"), std::string::npos) << login;
    }
}

TEST(AclText, SpellsATenantAsItStandsInATopic) {
    AclPlan plan = plan_of({});
    plan.tenants = {"a/b+c"};
    const std::string text = acl_text(plan).value();
    EXPECT_NE(text.find("\nuser a%2Fb%2Bc\n"), std::string::npos) << text;
    EXPECT_NE(text.find("topic write flyball/v1/+/+/+/+/request/a%2Fb%2Bc\n"), std::string::npos);
    EXPECT_NE(text.find("topic read flyball/v1/reply/a%2Fb%2Bc/#\n"), std::string::npos);
}

TEST(AclText, HasTheProtocolsPatterns) {
    AclPlan plan = plan_of({});
    plan.patterns = true;
    const std::string text = acl_text(plan).value();
    for (const char* line : {"pattern write flyball/v1/+/+/+/+/request/%u\n",
                             "pattern write flyball/v1/+/+/admit/request/%u\n",
                             "pattern read flyball/v1/+/+/+/+/decision/%u\n",
                             "pattern read flyball/v1/+/+/admit/decision/%u\n",
                             "pattern read flyball/v1/reply/%u/#\n"}) {
        EXPECT_NE(text.find(line), std::string::npos) << line;
    }
}

TEST(AclText, OpensReplyPrefixesOnlyWhereNoNodeCanBe) {
    using Filters = std::vector<std::string>;
    EXPECT_EQ(reply_filters("clients/"), Filters{"clients/#"});
    EXPECT_EQ(reply_filters("*/reply/"), (Filters{"reply/#", "+/reply/#"}));
    EXPECT_EQ(reply_filters("*/v1/"), Filters{"v1/#"}) << "+/v1/# would be all nodes";
    EXPECT_EQ(reply_filters("flyball/v2/"), Filters{"flyball/v2/#"});
    for (const char* prefix : {"flyball/", "flyball/v1/", "flyball/v1/eu/", "clients", "/clients/",
                               "a//b/", "*/", "a/+/", "#/"}) {
        EXPECT_NE(refusal(plan_of({prefix})), "") << prefix;
    }
}

TEST(AclText, OpensHomeAssistantsTopicsWhenItIsAsked) {
    AclPlan plan;
    plan.nodes = {{{"eu-west", "pi-7"}, "pi-7"}};
    plan.operators = {"ops"};
    EXPECT_EQ(acl_text(plan).value().find("homeassistant"), std::string::npos);
    plan.home_assistant = "homeassistant";
    const std::string text = acl_text(plan).value();
    // The hash as docs/home-assistant.md has it, by sha256sum.
    EXPECT_NE(text.find("topic write homeassistant/device/flyball_eu-west_pi-7_795a32/config\n"),
              std::string::npos)
        << text;
    EXPECT_NE(text.find("topic readwrite homeassistant/device/+/config\n"), std::string::npos);
}

TEST(AclText, LetsAWatcherReadAndNeverWrite) {
    AclPlan plan;
    plan.watchers = {"grafana"};
    plan.home_assistant = "homeassistant";
    const std::string text = acl_text(plan).value();
    EXPECT_EQ(text.find("write"), std::string::npos) << text;
    EXPECT_NE(text.find("topic read flyball/v1/+/+/health\n"), std::string::npos);
    EXPECT_NE(text.find("topic read homeassistant/device/+/config\n"), std::string::npos);
    plan.tenants = {"grafana"};
    EXPECT_NE(refusal(plan).find("is given twice"), std::string::npos);
}

// Whatever a region, a node, a type or a governor is called: `reply`, too.
RC_GTEST_PROP(AclTextProperty, NoReplyPrefixReachesBelowThePrefix, ()) {
    const auto level = rc::gen::element<std::string>("reply", "response", "flyball", "v1", "eu");
    const auto levels = *rc::gen::nonEmpty(rc::gen::container<std::vector<std::string>>(level));
    std::string prefix = *rc::gen::element<std::string>("", "*/");
    for (std::size_t i = 0; i < std::min<std::size_t>(levels.size(), 3); ++i) {
        prefix += levels[i] + "/";
    }
    const auto text = acl_text(plan_of({prefix}));
    if (!text) {
        return;
    }
    std::string topic = "flyball/v1";
    for (const std::string& one : *rc::gen::container<std::vector<std::string>>(5, level)) {
        topic += "/" + one;
    }
    for (const std::string& filter : reply_filters(prefix)) {
        RC_ASSERT(!filter_matches(filter, topic));
    }
}

}  // namespace
}  // namespace flyball
