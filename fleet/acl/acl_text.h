#pragma once
// An access list for Mosquitto's `acl_file`, from who is who. A login gets its own topics and
// nothing else: what is not written down is denied. Pure. Any thread.

#include <string>
#include <vector>

#include "fleet/node_name.h"
#include "schemas/result.h"
#include "schemas/topic.h"

namespace flyball {

struct NodeLogin {
    NodeName node;
    std::string login;
};

struct AclPlan {
    std::string prefix = "flyball/v1";
    std::vector<NodeLogin> nodes;
    std::vector<std::string> tenants;  // as they are, not as they stand in a topic
    bool patterns = false;             // every login that has no other role is a tenant's
    std::vector<std::string> trusted;
    std::vector<std::string> operators;
    std::vector<std::string> watchers;  // see what nodes say of themselves, and write nothing
    // Where nodes may send replies beside <prefix>/reply/, in the form of mqtt.reply_prefixes.
    std::vector<std::string> reply_prefixes;
    std::string home_assistant;  // where Home Assistant looks for devices; empty: it is not told
};

// ErrorCode::usage, naming the login or the prefix: a login in two roles, one that no line of an
// access list can hold, a reply prefix that would open more than replies.
Result<std::string> acl_text(const AclPlan& plan);

// Where a node tells Home Assistant of itself (docs/home-assistant.md).
std::string discovery_topic(const std::string& home_assistant, const Root& root);

// The login of a tenant's application: the tenant as it stands in a topic.
std::string tenant_login(const std::string& tenant);

}  // namespace flyball
