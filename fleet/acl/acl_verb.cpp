// flyball acl: who may publish and read what, as Mosquitto's acl_file.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "fleet/acl/acl_text.h"
#include "fleet/payload.h"
#include "fleet/pki/files.h"
#include "fleet/pki/folder.h"
#include "fleet/verb.h"
#include "schemas/topic.h"

namespace flyball {
namespace {

constexpr std::size_t prefix_bytes_max = 256;

constexpr const char* examples =
    R"(  flyball acl --pki ~/fleet-pki --out /etc/mosquitto/flyball.acl
  flyball acl --pki ~/fleet-pki --trusted backend
  flyball acl --pki ~/fleet-pki --home-assistant --watcher homeassistant
  flyball acl --node eu-west/pi-7=pi-7 --operator ops --patterns
  flyball acl --node eu-west/pi-7 --tenant acme --tenant initech)";

constexpr const char* about =
    R"(Writes an access list for Mosquitto (acl_file), on stdout or to --out.

A node may only be itself: read its requests, write its decisions, events,
health and traces, and replies below <prefix>/reply/. An application has its
tenant's topics only, in all nodes. --trusted logins have the plain request
topics, for all tenants. Operators read everything and write admin, control and
requests. --watcher logins read health, events and decisions of all nodes and
write nothing: a dashboard, flyball metrics, Home Assistant. Whoever is not
listed has nothing; with --patterns every other login is the tenant of its name.
With --home-assistant a node may write the one topic on which Home Assistant is
told of it, watchers may read those of all devices there, and operators also
clear them, as flyball retire does. --pki takes all logins from a folder of
flyball pki; without it a node's login is region/node, or what stands behind the
=.)";

class Acl final : public Verb {
public:
    CLI::App* describe(CLI::App& tool) override;
    Exit run() override;

private:
    Result<void> read_pki();
    Result<void> read_nodes();

    AclPlan plan_;
    std::vector<std::string> nodes_;
    std::string pki_;
    std::string out_;
    bool json_ = false;
    std::size_t foreign_ = 0;
};

CLI::App* Acl::describe(CLI::App& tool) {
    CLI::App* verb = tool.add_subcommand("acl", about);
    verb->footer(examples);
    const auto list = [verb](const char* flag, std::vector<std::string>& into, const char* text,
                             const char* type) {
        verb->add_option(flag, into, text)
            ->type_name(type)
            ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
            ->expected(1)
            ->allow_extra_args(false);
    };
    verb->add_option("--pki", pki_, "all logins of a folder of flyball pki")->type_name(file_value);
    list("--node", nodes_, "a node, its login behind an =", "REGION/NODE");
    list("--tenant", plan_.tenants, "an application's tenant", "TENANT");
    list("--trusted", plan_.trusted, "may ask for every tenant", "LOGIN");
    list("--operator", plan_.operators, "may read and change everything", "LOGIN");
    list("--watcher", plan_.watchers, "may read health, events and decisions, and write nothing",
         "LOGIN");
    verb->add_flag("--patterns", plan_.patterns, "every other login is the tenant of its name");
    list("--reply-prefix", plan_.reply_prefixes, "more places for replies, as mqtt.reply_prefixes",
         "PREFIX");
    verb->add_option("--home-assistant", plan_.home_assistant,
                     "nodes may tell Home Assistant of themselves below this")
        ->expected(0, 1)
        ->default_str("homeassistant")
        ->type_name("PREFIX");
    verb->add_option("--prefix", plan_.prefix, "what all topics begin with")->capture_default_str();
    verb->add_option("--out", out_, "write it there, whole or not at all")->type_name(file_value);
    verb->add_flag("--json", json_, "as JSON: the text, and how many logins have which role");
    return verb;
}

Result<void> Acl::read_nodes() {
    for (const std::string& text : nodes_) {
        const std::size_t equals = std::min(text.find('='), text.size());
        auto node = parse_node(text.substr(0, equals));
        if (!node) {
            return node.error();
        }
        std::string login = equals < text.size() ? text.substr(equals + 1) : node->text();
        plan_.nodes.push_back({*std::move(node), std::move(login)});
    }
    return {};
}

Result<void> Acl::read_pki() {
    if (pki_.empty()) {
        return {};
    }
    const auto folder = PkiFolder::open(pki_);
    const auto all = folder ? folder->list() : Result<std::vector<Issued>>(folder.error());
    if (!all) {
        return all.error();
    }
    for (const Issued& issued : *all) {
        const std::string& login = issued.holder.login;
        if (issued.foreign && issued.holder.role != Role::broker) {
            ++foreign_;
        }
        if (issued.revoked || issued.foreign) {
            continue;
        }
        switch (issued.holder.role) {
            case Role::node: {
                auto node = parse_node(login);
                if (!node) {
                    return node.error();
                }
                plan_.nodes.push_back({*std::move(node), login});
                break;
            }
            case Role::app: {
                const auto given = [&](const std::vector<std::string>& logins) {
                    return std::ranges::find(logins, login) != logins.end();
                };
                if (!given(plan_.trusted) && !given(plan_.watchers)) {
                    plan_.tenants.push_back(name_of(issued.holder));
                }
                break;
            }
            case Role::operation: plan_.operators.push_back(login); break;
            case Role::authority:
            case Role::broker: break;  // neither logs in
        }
    }
    return {};
}

Exit Acl::run() {
    for (const auto& read : {read_nodes(), read_pki()}) {
        if (!read) {
            return fail(read.error());
        }
    }
    if (!valid_publish_topic(plan_.prefix, prefix_bytes_max) || plan_.prefix.ends_with('/')) {
        complain(fmt::format("--prefix: '{}' cannot be what topics begin with", plan_.prefix));
        return Exit::usage;
    }
    if (!plan_.home_assistant.empty() &&
        (!valid_publish_topic(plan_.home_assistant, prefix_bytes_max) ||
         plan_.home_assistant.ends_with('/'))) {
        complain(fmt::format("--home-assistant: '{}' cannot be what topics begin with",
                             plan_.home_assistant));
        return Exit::usage;
    }
    const auto text = acl_text(plan_);
    if (!text) {
        return fail(text.error());
    }
    if (plan_.nodes.empty()) {
        hint("no node is named: --pki or --node; without one nobody answers");
    }
    if (foreign_ > 0) {
        hint(
            fmt::format("{} logins are left out: an authority gave their certificates that was "
                        "replaced since; flyball pki list {} names them",
                        foreign_, pki_));
    }
    if (!out_.empty()) {
        if (auto written = write_whole(out_, *text, mode_public); !written) {
            return fail(written.error());
        }
    }
    if (json_) {
        print(json_text({{"nodes", plan_.nodes.size()},
                         {"tenants", plan_.tenants.size()},
                         {"trusted", plan_.trusted.size()},
                         {"operators", plan_.operators.size()},
                         {"watchers", plan_.watchers.size()},
                         {"patterns", plan_.patterns},
                         {"acl", *text}}) +
              "\n");
    } else if (out_.empty()) {
        print(*text);
    }
    return Exit::done;
}

}  // namespace

std::unique_ptr<Verb> make_acl() {
    return std::make_unique<Acl>();
}

}  // namespace flyball
