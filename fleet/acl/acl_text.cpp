#include "fleet/acl/acl_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string_view>

#include "schemas/region.h"
#include "schemas/request.h"
#include "schemas/utf8.h"
#include "transport/tls_certificate.h"

namespace flyball {
namespace {

constexpr std::size_t topic_bytes_max = 256;
constexpr std::size_t login_bytes_max = 256;
constexpr const char* any = "+";

class AclText {
public:
    explicit AclText(const AclPlan& plan)
        : plan_(plan), everywhere_{.prefix = plan.prefix, .region = any, .node = any} {}

    Result<void> checked() const;
    Result<void> read_reply_filters();
    std::string text();

private:
    void user(const std::string& login) { text_ += fmt::format("\nuser {}\n", login); }
    void may(const char* access, const std::string& topic) {
        text_ += fmt::format("{} {} {}\n", line_, access, topic);
    }
    void may(const char* access, const Root& root, const Topic& topic) {
        std::string filter;
        append_topic(filter, root, topic);
        may(access, filter);
    }
    // `topic` of every governor and of admit; as it is where it belongs to none.
    void may_of_governors(const char* access, const Root& root, Topic topic) {
        const bool of_admit =
            topic.channel == Channel::request || topic.channel == Channel::decision;
        if (of_admit || topic.channel == Channel::admin || topic.channel == Channel::event) {
            topic.type = any;
            topic.name = any;
        }
        may(access, root, topic);
        if (of_admit) {
            topic.type = "admit";
            topic.name = {};
            may(access, root, topic);
        }
    }
    // The + for a region meets `reply`, too: .../reply/<another>/x/y/request/<me> would be a forged
    // reply. Mosquitto looks at what is denied first; it knows no other way to say "but not there".
    void not_below_reserved(const Topic& topic) {
        for (const std::string_view region : reserved_regions) {
            may_of_governors("deny",
                             {.prefix = plan_.prefix, .region = std::string(region), .node = any},
                             topic);
        }
    }
    void may_everywhere(const char* access, const Topic& topic) {
        not_below_reserved(topic);
        may_of_governors(access, everywhere_, topic);
    }
    std::string replies_of(const std::string& level) const {
        return fmt::format("{}/reply/{}/#", plan_.prefix, level);
    }
    void node(const NodeLogin& login);
    void node_is_no_tenant(const std::string& login);
    void tenant(const std::string& level);
    void trusted(const std::string& login);
    void operation(const std::string& login);
    void watcher(const std::string& login);

    const AclPlan& plan_;
    Root everywhere_;
    std::vector<std::string> reply_filters_;
    const char* line_ = "topic";
    std::string text_;
};

Error wrong_login(const std::string& login, std::string_view why) {
    return {ErrorCode::usage, fmt::format("the login '{}' {}", login, why)};
}

std::vector<std::string> levels_of(std::string_view text) {
    std::vector<std::string> levels;
    while (!text.empty()) {
        const std::size_t slash = std::min(text.find('/'), text.size());
        levels.emplace_back(text.substr(0, slash));
        text.remove_prefix(std::min(slash + 1, text.size()));
    }
    return levels;
}

// Whether `pluses` single-level wildcards, `levels` and everything below them, meet what lies below
// `prefix`: then it opens more than replies.
bool meets(std::size_t pluses, const std::vector<std::string>& levels,
           const std::vector<std::string>& prefix) {
    for (std::size_t i = 0; i < levels.size() && pluses + i < prefix.size(); ++i) {
        if (levels[i] != prefix[pluses + i]) {
            return false;
        }
    }
    return true;
}

Result<void> AclText::checked() const {
    std::set<std::string> known;
    std::vector<std::string> all = plan_.trusted;
    all.insert(all.end(), plan_.operators.begin(), plan_.operators.end());
    all.insert(all.end(), plan_.watchers.begin(), plan_.watchers.end());
    for (const NodeLogin& node : plan_.nodes) {
        all.push_back(node.login);
    }
    for (const std::string& tenant : plan_.tenants) {
        if (!valid_tenant(tenant)) {
            return Error{ErrorCode::usage, fmt::format("'{}' is no tenant: 1 to 64 bytes of UTF-8 "
                                                       "without control characters",
                                                       tenant)};
        }
        all.push_back(tenant_login(tenant));
    }
    for (const std::string& login : all) {
        const bool legible = !login.empty() && login.size() <= login_bytes_max &&
                             valid_utf8(login) && !has_control_character(login) &&
                             login.front() != ' ' && login.back() != ' ';
        if (!legible) {
            return wrong_login(login,
                               "does not fit a line of an access list: no control "
                               "characters, no blank at either end, 256 bytes at most");
        }
        if (login.find_first_of("+#") != std::string::npos) {
            return wrong_login(login, "has a wildcard: Mosquitto denies such a one everything");
        }
        if (!known.insert(login).second) {
            return wrong_login(login, "is given twice: one login, one role");
        }
    }
    return {};
}

// "*/reply/" is a level `reply` anywhere. A filter has no "anywhere", and at the depth of a region,
// a node or a governor it would open the topics of one that is called so: only what cannot.
Result<void> AclText::read_reply_filters() {
    const std::vector<std::string> prefix = levels_of(plan_.prefix);
    for (const std::string& reply : plan_.reply_prefixes) {
        const bool anywhere = reply.starts_with("*/");
        const std::string rest = anywhere ? reply.substr(2) : reply;
        const auto levels = levels_of(rest);
        if (!valid_publish_topic(rest, topic_bytes_max) || !rest.ends_with('/') ||
            std::ranges::find(levels, "") != levels.end()) {
            return Error{
                ErrorCode::usage,
                fmt::format("--reply-prefix '{}': must be levels that end in a slash, like "
                            "clients/ or */reply/",
                            reply)};
        }
        const std::size_t before = reply_filters_.size();
        std::string leading;
        for (std::size_t pluses = 0; pluses < (anywhere ? prefix.size() : 1); ++pluses) {
            if (!meets(pluses, levels, prefix)) {
                reply_filters_.push_back(leading + rest + "#");
            }
            leading += "+/";
        }
        if (reply_filters_.size() == before) {
            return Error{ErrorCode::usage,
                         fmt::format("--reply-prefix '{}': would open topics below {}/, which are "
                                     "no replies",
                                     reply, plan_.prefix)};
        }
    }
    return {};
}

void AclText::node(const NodeLogin& login) {
    const Root root{plan_.prefix, login.node.region, login.node.node};
    user(login.login);
    if (plan_.patterns) {
        node_is_no_tenant(login.login);
    }
    for (const std::string& filter : request_filters(root, false)) {
        may("read", filter);
    }
    may_of_governors("write", root, {.channel = Channel::decision});
    may_of_governors("write", root,
                     {.channel = Channel::decision, .has_tenant = true, .tenant_level = any});
    may_of_governors("write", root, {.channel = Channel::event});
    for (const Channel channel :
         {Channel::control_reply, Channel::health, Channel::trace, Channel::tick, Channel::wake}) {
        may("write", root, {.channel = channel});
    }
    may("write", plan_.prefix + "/reply/#");
    for (const std::string& filter : reply_filters_) {
        may("write", filter);
    }
    if (!plan_.home_assistant.empty()) {
        may("write", discovery_topic(plan_.home_assistant, root));
    }
}

// The patterns below make every login the tenant of its name.
void AclText::node_is_no_tenant(const std::string& login) {
    for (const Channel channel : {Channel::request, Channel::decision}) {
        may_of_governors("deny", everywhere_,
                         {.channel = channel, .has_tenant = true, .tenant_level = login});
    }
    may("deny", replies_of(login));
}

void AclText::tenant(const std::string& level) {
    may_everywhere("write",
                   {.channel = Channel::request, .has_tenant = true, .tenant_level = level});
    may_everywhere("read",
                   {.channel = Channel::decision, .has_tenant = true, .tenant_level = level});
    may("read", replies_of(level));
}

void AclText::trusted(const std::string& login) {
    user(login);
    may_everywhere("write", {.channel = Channel::request});
    may_everywhere("read", {.channel = Channel::decision});
    may("read", replies_of(tenant_login(login)));
}

void AclText::operation(const std::string& login) {
    user(login);
    may("read", plan_.prefix + "/#");
    may_everywhere("write", {.channel = Channel::admin});
    may_everywhere("write", {.channel = Channel::request});
    may_everywhere("write", {.channel = Channel::control});
    may_everywhere("write", {.channel = Channel::health});  // flyball retire clears it
    may("write", replies_of(tenant_login(login)));          // the tool's own mark in a list
    if (!plan_.home_assistant.empty()) {
        may("readwrite", plan_.home_assistant + "/device/+/config");  // flyball retire, again
    }
}

void AclText::watcher(const std::string& login) {
    user(login);
    if (plan_.patterns) {
        // The patterns below would let it ask as the tenant of its name.
        may_of_governors("deny", everywhere_,
                         {.channel = Channel::request, .has_tenant = true, .tenant_level = login});
    }
    may_everywhere("read", {.channel = Channel::health});
    may_everywhere("read", {.channel = Channel::event});
    may_everywhere("read", {.channel = Channel::decision});
    may_everywhere("read", {.channel = Channel::decision, .has_tenant = true, .tenant_level = any});
    if (!plan_.home_assistant.empty()) {
        may("read", plan_.home_assistant + "/device/+/config");
    }
}

std::string AclText::text() {
    text_ = "# Made by `flyball acl`. What is not here is denied, also to whoever has no login.\n";
    for (const NodeLogin& login : plan_.nodes) {
        node(login);
    }
    for (const std::string& name : plan_.tenants) {
        user(tenant_login(name));
        tenant(tenant_login(name));
    }
    for (const std::string& login : plan_.trusted) {
        trusted(login);
    }
    for (const std::string& login : plan_.operators) {
        operation(login);
    }
    for (const std::string& login : plan_.watchers) {
        watcher(login);
    }
    if (plan_.patterns) {
        text_ += "\n# Every other login is the tenant of its name.\n";
        line_ = "pattern";
        tenant("%u");
    }
    return std::move(text_);
}

}  // namespace

std::string discovery_topic(const std::string& home_assistant, const Root& root) {
    constexpr std::size_t digits = 6;
    return fmt::format("{}/device/flyball_{}_{}_{}/config", home_assistant, root.region, root.node,
                       fingerprint_of(root.text()).substr(0, digits));
}

std::string tenant_login(const std::string& tenant) {
    std::string login;
    append_encoded_tenant(login, tenant);
    return login;
}

Result<std::string> acl_text(const AclPlan& plan) {
    AclText acl(plan);
    if (auto checked = acl.checked(); !checked) {
        return checked.error();
    }
    if (auto read = acl.read_reply_filters(); !read) {
        return read.error();
    }
    return acl.text();
}

}  // namespace flyball
