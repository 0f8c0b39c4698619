// flyball pki: certificates for a fleet, off-line, in a folder.

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <iterator>
#include <set>

#include "fleet/clock.h"
#include "fleet/payload.h"
#include "fleet/pki/folder.h"
#include "fleet/pki/text.h"
#include "fleet/verb.h"
#include "schemas/duration.h"

namespace flyball {
namespace {

constexpr const char* examples =
    R"(  flyball pki init ~/fleet-pki
  flyball pki broker ~/fleet-pki broker.local 192.168.1.5
  flyball pki node ~/fleet-pki eu-west/pi-7 eu-west/pi-8
  flyball pki app ~/fleet-pki acme
  flyball pki operator ~/fleet-pki ops
  flyball pki list ~/fleet-pki
  flyball pki renew ~/fleet-pki            # all that end within 30 days
  flyball pki revoke ~/fleet-pki eu-west/pi-8)";

constexpr const char* about =
    R"(Certificates for a fleet: an authority and what it signs, in the folder DIR.

init makes the authority; broker a server's certificate, its names those that
clients connect to; node, app and operator one for each NAME: region/node, a
tenant, an operator. Its common name is the login where the broker has
use_identity_as_username, as flyball acl expects it. renew keeps keys. revoke
puts into crl.pem whatever a login was given, also when its files are gone, for
the broker's crlfile: restart the broker then. Keys are EC P-256, without a
password, mode 0600: keep DIR off the network. Nodes' certificates end up to 30
days before --days, each on another day. Nothing is overwritten without --force,
and with it only when both the new key and its certificate are made. What an
authority gave that init --force has replaced is listed as other_ca: worthless,
and in no list of flyball acl; renew --new-key makes it good again.)";

struct Step {
    const char* name;
    std::size_t names_min;
    std::size_t names_max;
};
constexpr std::size_t many = 10'000;  // of one command line
constexpr std::array<Step, 8> steps{{{"init", 0, 0},
                                     {"broker", 1, 64},
                                     {"node", 1, many},
                                     {"app", 1, many},
                                     {"operator", 1, many},
                                     {"list", 0, 0},
                                     {"renew", 0, many},
                                     {"revoke", 1, many}}};

class Pki final : public Verb {
public:
    CLI::App* describe(CLI::App& tool) override;
    Exit run() override;

private:
    Result<void> fits() const;
    Exit init();
    Exit give(const PkiFolder& folder, Instant now);
    Exit renew(PkiFolder& folder, Instant now);
    Exit revoke(const PkiFolder& folder, Instant now);
    Result<std::vector<Holder>> holders() const;
    bool means(const std::string& name, const Holder& holder) const;
    Result<Issued> named(const std::string& name, const std::vector<Issued>& all) const;
    Result<std::vector<Issued>> named(const Result<std::vector<Issued>>& all) const;
    Exit show(const PkiFolder& folder, const std::vector<Issued>& issued) const;
    int lasting(int otherwise) const { return days_.value_or(otherwise); }

    CLI::App* verb_ = nullptr;
    std::string what_;
    std::string folder_;
    std::vector<std::string> names_;
    std::optional<int> days_;
    std::string within_ = "30d";
    std::string role_;
    bool force_ = false;
    bool new_key_ = false;
    bool authority_ = false;
    bool json_ = false;
};

CLI::App* Pki::describe(CLI::App& tool) {
    CLI::App* verb = tool.add_subcommand("pki", about);
    verb_ = verb;
    verb->footer(examples);
    verb->add_option("VERB", what_, "init, broker, node, app, operator, list, renew or revoke")
        ->required()
        ->check(
            CLI::IsMember({"init", "broker", "node", "app", "operator", "list", "renew", "revoke"}))
        ->type_name("init|broker|node|app|operator|list|renew|revoke");
    verb->add_option("DIR", folder_, "the folder of the fleet's certificates")
        ->required()
        ->type_name(file_value);
    verb->add_option("NAME", names_, "whom it is for; of a broker all its names")
        ->type_name("NAME");
    verb->add_option("--days", days_, "how long it lasts (365; an authority 3650)")
        ->check(CLI::Range(1, PkiFolder::days_max))
        ->type_name("N");
    verb->add_flag("--force", force_, "another key in the place of one that is there");
    takes_duration(
        *verb->add_option("--within", within_, "of renew without NAME: what ends by then (30d)"));
    verb->add_option("--role", role_, "of renew and revoke: only those of this role")
        ->check(CLI::IsMember({"broker", "node", "app", "operator"}))
        ->type_name("broker|node|app|operator");
    verb->add_flag("--new-key", new_key_, "of renew: another key, too");
    verb->add_flag("--ca", authority_, "of renew: the authority's own certificate");
    verb->add_flag("--json", json_, "data as JSON on stdout, messages on stderr");
    return verb;
}

// A flag that another verb takes would seem to have been heard.
Result<void> Pki::fits() const {
    const auto* step =
        std::ranges::find_if(steps, [&](const Step& one) { return what_ == one.name; });
    if (names_.size() < step->names_min) {
        return Error{ErrorCode::usage, fmt::format("pki {} DIR NAME: a name is missing", what_)};
    }
    if (names_.size() > step->names_max) {
        return Error{ErrorCode::usage,
                     fmt::format("pki {} takes no '{}'", what_, names_[step->names_max])};
    }
    const bool renews = what_ == "renew";
    const bool makes = !renews && what_ != "list" && what_ != "revoke";
    const std::array<std::pair<const char*, bool>, 6> taken{
        {{"--days", makes || renews},
         {"--force", makes},
         {"--within", renews},
         {"--role", renews || what_ == "revoke"},
         {"--new-key", renews},
         {"--ca", renews}}};
    for (const auto& [flag, fitting] : taken) {
        if (verb_->get_option(flag)->count() > 0 && !fitting) {
            return Error{ErrorCode::usage, fmt::format("{} is no flag of pki {}", flag, what_)};
        }
    }
    if (authority_ && (!names_.empty() || new_key_)) {
        return Error{ErrorCode::usage,
                     "renew --ca renews the authority alone and keeps its key: all others stay "
                     "good; another authority is made by init"};
    }
    return {};
}

Exit Pki::show(const PkiFolder& folder, const std::vector<Issued>& issued) const {
    const Instant now = wall_now();
    print(json_ ? json_text(issued_json(folder, issued, now)) + "\n"
                : issued_text(issued, now, style_of(STDOUT_FILENO)));
    return Exit::done;
}

Exit Pki::init() {
    const auto folder =
        PkiFolder::make(folder_, wall_now(), lasting(PkiFolder::authority_days), force_);
    if (!folder) {
        return fail(folder.error());
    }
    hint("ca.key signs for all of them: it belongs on no device and on no broker");
    return show(*folder, {folder->authority()});
}

Result<std::vector<Holder>> Pki::holders() const {
    std::vector<Holder> all;
    if (what_ == "broker") {
        auto holder = broker_holder(names_);
        if (!holder) {
            return holder.error();
        }
        return std::vector{*std::move(holder)};
    }
    std::set<std::string> logins;
    for (const std::string& name : names_) {
        auto holder = what_ == "node"  ? node_holder(name)
                      : what_ == "app" ? app_holder(name)
                                       : operator_holder(name);
        if (!holder) {
            return holder.error();
        }
        if (!logins.insert(holder->login).second) {
            // The second would take the place of the first; and maybe another was meant.
            return Error{ErrorCode::usage, fmt::format("'{}' is given twice", name)};
        }
        all.push_back(*std::move(holder));
    }
    return all;
}

Exit Pki::give(const PkiFolder& folder, Instant now) {
    const auto whom = holders();
    if (!whom) {
        return fail(whom.error());
    }
    const auto issued = folder.issue(*whom, now, lasting(PkiFolder::certificate_days), force_);
    if (!issued) {
        return fail(issued.error());
    }
    if (what_ == "broker") {
        hint(
            fmt::format("the broker's listener: cafile {}, certfile {}, keyfile {}, crlfile {}, "
                        "require_certificate true, use_identity_as_username true",
                        folder.authority().certificate_file, issued->front().certificate_file,
                        issued->front().key_file, folder.revocations_file()));
    } else {
        hint("its .crt and .key and ca.crt go to whom it is for, ca.key never");
    }
    return show(folder, *issued);
}

// As whoever gave the certificate wrote it, or as `list` shows it. With --role only the former, so
// that there is always a way to name one.
bool Pki::means(const std::string& name, const Holder& holder) const {
    if (!role_.empty() && to_text(holder.role) != role_) {
        return false;
    }
    return name == name_of(holder) || (role_.empty() && name == holder.login);
}

// The one that NAME names.
Result<Issued> Pki::named(const std::string& name, const std::vector<Issued>& all) const {
    std::vector<Issued> found;
    std::ranges::copy_if(all, std::back_inserter(found),
                         [&](const Issued& issued) { return means(name, issued.holder); });
    if (found.empty()) {
        return Error{
            ErrorCode::usage,
            fmt::format("{} has no certificate of {}'{}'; flyball pki list {} shows all", folder_,
                        role_.empty() ? "" : "the " + role_ + " ", name, folder_)};
    }
    if (found.size() > 1) {
        std::vector<std::string> ways;
        for (const Issued& one : found) {
            ways.push_back(
                fmt::format("{} --role {}", name_of(one.holder), to_text(one.holder.role)));
        }
        return Error{ErrorCode::usage, fmt::format("'{}' may be one or another: write {}", name,
                                                   fmt::join(ways, ", or "))};
    }
    return std::move(found.front());
}

// Those that NAME... names, each once.
Result<std::vector<Issued>> Pki::named(const Result<std::vector<Issued>>& all) const {
    if (!all) {
        return all.error();
    }
    std::vector<Issued> found;
    for (const std::string& name : names_) {
        auto one = named(name, *all);
        if (!one) {
            return one.error();
        }
        if (std::ranges::find(found, one->certificate_file, &Issued::certificate_file) ==
            found.end()) {
            found.push_back(*std::move(one));
        }
    }
    return found;
}

Exit Pki::renew(PkiFolder& folder, Instant now) {
    if (authority_) {
        const auto renewed = folder.renew_authority(now, lasting(PkiFolder::authority_days));
        return renewed ? show(folder, {folder.authority()}) : fail(renewed.error());
    }
    auto due = names_.empty() ? folder.list() : named(folder.list());
    if (!due) {
        return fail(due.error());
    }
    if (names_.empty()) {
        const Span within(parse_duration(within_).value_or(Duration{}).ms);
        std::erase_if(*due, [&](const Issued& issued) {
            const bool other = !role_.empty() && to_text(issued.holder.role) != role_;
            return other || issued.revoked || issued.foreign ||
                   issued.certificate.not_after > now + within;
        });
    }
    std::vector<Issued> renewed;
    for (const Issued& old : *due) {
        if ((old.revoked || old.foreign) && !new_key_) {
            // Whether the authority before had revoked it, nobody knows any more.
            complain(fmt::format("{} {}; renew it with --new-key", old.holder.login,
                                 old.foreign ? "was given by another authority" : "was revoked"));
            return Exit::usage;
        }
    }
    for (const Issued& old : *due) {
        auto issued = folder.renew(old, now, lasting(PkiFolder::certificate_days), new_key_);
        if (!issued) {
            return fail(issued.error());
        }
        renewed.push_back(*std::move(issued));
    }
    if (renewed.empty()) {
        hint(fmt::format("nothing ends within {}", within_));
    }
    return show(folder, renewed);
}

Exit Pki::revoke(const PkiFolder& folder, Instant now) {
    auto whom = named(folder.given());
    if (!whom) {
        return fail(whom.error());
    }
    for (Issued& issued : *whom) {
        if (const auto count = folder.revoke(issued.holder, now); !count) {
            return fail(count.error());
        }
        issued.revoked = true;
        if (issued.foreign) {
            hint(
                fmt::format("the certificate of {} is of an authority that was replaced: no "
                            "broker with {} takes it",
                            issued.holder.login, folder.authority().certificate_file));
        }
    }
    hint(fmt::format("the broker reads {} when it starts: restart it", folder.revocations_file()));
    return show(folder, *whom);
}

Exit Pki::run() {
    if (auto fitting = fits(); !fitting) {
        return fail(fitting.error());
    }
    if (what_ == "init") {
        return init();
    }
    auto folder = PkiFolder::open(folder_);
    if (!folder) {
        return fail(folder.error());
    }
    const Instant now = wall_now();
    if (what_ == "list") {
        auto all = folder->list();
        if (!all) {
            return fail(all.error());
        }
        all->insert(all->begin(), folder->authority());
        return show(*folder, *all);
    }
    if (what_ == "renew") {
        return renew(*folder, now);
    }
    return what_ == "revoke" ? revoke(*folder, now) : give(*folder, now);
}

}  // namespace

std::unique_ptr<Verb> make_pki() {
    return std::make_unique<Pki>();
}

}  // namespace flyball
