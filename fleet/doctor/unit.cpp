#include "fleet/doctor/unit.h"

#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

#include "fleet/doctor/run_program.h"
#include "fleet/run/spawner.h"
#include "transport/tls_files.h"

namespace flyball {
namespace {

constexpr Span systemctl_wait{10'000};
constexpr const char* properties_wanted =
    "--property=LoadState,User,Group,SupplementaryGroups,ProtectHome,Environment,EnvironmentFiles,"
    "ActiveState,SubState,Result,UnitFileState,NRestarts";
constexpr std::string_view variable_prefix = "FLYBALL_";
constexpr int groups_max = 256;

std::vector<std::string> words_of(std::string_view text) {
    std::vector<std::string> words;
    while (!text.empty()) {
        const std::size_t blank = std::min(text.find(' '), text.size());
        if (blank > 0) {
            words.emplace_back(text.substr(0, blank));
        }
        text.remove_prefix(std::min(blank + 1, text.size()));
    }
    return words;
}

// FLYBALL_NODE=pi-7 "FLYBALL_MQTT_BROKER=...": values are left alone, one may be a secret.
std::vector<std::string> names_of(std::string_view environment) {
    std::vector<std::string> names;
    for (const std::string& word : words_of(environment)) {
        const std::string_view bare = std::string_view(word).substr(word.starts_with('"') ? 1 : 0);
        if (bare.starts_with(variable_prefix)) {
            names.emplace_back(bare.substr(0, bare.find('=')));
        }
    }
    return names;
}

std::optional<gid_t> group_of(const std::string& name) {
    gid_t number = 0;
    const char* const end = name.data() + name.size();
    if (std::from_chars(name.data(), end, number).ptr == end) {
        return number;
    }
    const group* const known = ::getgrnam(name.c_str());
    return known == nullptr ? std::nullopt : std::optional(known->gr_gid);
}

struct Account {
    std::optional<uid_t> user;  // nothing: it is made when the service starts
    std::vector<gid_t> groups;
};

Account account_of(const ServiceUnit& unit) {
    Account account;
    if (const passwd* const known = ::getpwnam(unit.user.c_str())) {
        account.user = known->pw_uid;
        int count = groups_max;
        account.groups.resize(groups_max);
        ::getgrouplist(unit.user.c_str(), known->pw_gid, account.groups.data(), &count);
        account.groups.resize(static_cast<std::size_t>(std::clamp(count, 0, groups_max)));
    }
    for (const std::string& name : unit.groups) {
        if (const auto group = group_of(name)) {
            account.groups.push_back(*group);
        }
    }
    return account;
}

// `others`: S_IROTH to read, S_IXOTH to pass through a folder, or both.
bool mode_lets_in(const struct stat& about, const Account& account, mode_t others) {
    constexpr int to_group = 3;
    constexpr int to_owner = 6;
    if (account.user == about.st_uid) {
        return (about.st_mode & (others << to_owner)) == others << to_owner;
    }
    const bool in_group = std::ranges::find(account.groups, about.st_gid) != account.groups.end();
    const mode_t wanted = in_group ? others << to_group : others;
    return (about.st_mode & wanted) == wanted;
}

// Whom a list beside the mode lets in is not judged.
bool is_kept_from(const std::string& path, const Account& account, mode_t others,
                  struct stat& about) {
    return ::stat(path.c_str(), &about) == 0 &&
           ::getxattr(path.c_str(), "system.posix_acl_access", nullptr, 0) <= 0 &&
           !mode_lets_in(about, account, others);
}

// Where a link leads to counts.
std::filesystem::path real_path(const std::string& file) {
    std::error_code unknown;
    auto real = std::filesystem::weakly_canonical(file, unknown);
    return unknown ? std::filesystem::path(file) : real;
}

const char* hidden_folder(const std::string& file) {
    const std::string path = real_path(file).string();
    for (const char* const folder : {"/home", "/root", "/run/user"}) {
        if (path.starts_with(std::string(folder) + "/")) {
            return folder;
        }
    }
    return nullptr;
}

// A property of which there is one text.
std::string* text_of(ServiceUnit& unit, std::string_view property) {
    const std::array<std::pair<std::string_view, std::string*>, 6> texts{
        {{"User", &unit.user},
         {"ActiveState", &unit.active},
         {"SubState", &unit.sub_state},
         {"Result", &unit.result},
         {"UnitFileState", &unit.at_boot},
         {"NRestarts", &unit.restarts}}};
    const auto* const found =
        std::ranges::find(texts, property, &std::pair<std::string_view, std::string*>::first);
    return found == texts.end() ? nullptr : found->second;
}

}  // namespace

std::optional<ServiceUnit> read_unit(std::string_view properties) {
    ServiceUnit unit;
    bool loaded = false;
    while (!properties.empty()) {
        const std::string_view line = properties.substr(0, properties.find('\n'));
        properties.remove_prefix(std::min(line.size() + 1, properties.size()));
        const std::size_t equals = std::min(line.find('='), line.size());
        const std::string_view name = line.substr(0, equals);
        const std::string_view value = line.substr(std::min(equals + 1, line.size()));
        if (name == "LoadState") {
            loaded = value == "loaded";
        } else if (std::string* const text = text_of(unit, name)) {
            *text = value;
        } else if (name == "Group" || name == "SupplementaryGroups") {
            std::ranges::move(words_of(value), std::back_inserter(unit.groups));
        } else if (name == "ProtectHome") {
            unit.hides_home = value == "yes" || value == "tmpfs";
        } else if (name == "Environment") {
            unit.variables = names_of(value);
        } else if (name == "EnvironmentFiles") {  // a line each: /etc/x (ignore_errors=yes)
            unit.variable_files.emplace_back(value.substr(0, value.rfind(" (")));
        }
    }
    return loaded ? std::optional(std::move(unit)) : std::nullopt;
}

std::optional<ServiceUnit> look_at_unit() {
    const std::string systemctl = find_program("systemctl");
    if (systemctl.empty()) {
        return std::nullopt;
    }
    const auto run =
        run_program({systemctl, "show", unit_name, properties_wanted}, {}, systemctl_wait);
    auto unit = run && run->status == 0 ? read_unit(run->out) : std::nullopt;
    if (unit) {
        for (const std::string& file : unit->variable_files) {
            std::ranges::move(variables_of_file(file), std::back_inserter(unit->variables));
        }
    }
    return unit;
}

std::vector<std::string> variables_of_file(const std::string& file) {
    std::vector<std::string> names;
    std::ifstream in(file);
    for (std::string line; std::getline(in, line);) {
        const std::size_t begin = line.find_first_not_of(" \t");
        const std::size_t equals = line.find('=');
        if (begin < equals && equals != line.npos &&
            line.compare(begin, variable_prefix.size(), variable_prefix) == 0) {
            names.push_back(line.substr(begin, equals - begin));
        }
    }
    return names;
}

std::string why_unread(const ServiceUnit& unit, const std::string& file) {
    if (is_credential(file)) {
        return {};
    }
    if (const char* const folder = hidden_folder(file); folder != nullptr && unit.hides_home) {
        return fmt::format("{}: the service sees nothing below {}", file, folder);
    }
    if (unit.user.empty() || unit.user == "root") {
        return {};
    }
    const Account account = account_of(unit);
    struct stat about {};
    const auto says = [&](const std::string& path, const char* what) {
        return fmt::format(
            "{} has mode {:04o} and belongs to {}:{}: the service's user {} cannot {}", path,
            about.st_mode & 07777U, about.st_uid, about.st_gid, unit.user, what);
    };
    const std::filesystem::path real = real_path(file);
    for (auto folder = real.parent_path(); folder.has_relative_path();
         folder = folder.parent_path()) {
        if (folder == unit.states) {
            break;
        }
        if (is_kept_from(folder, account, S_IXOTH, about)) {
            return says(folder, "pass through it");
        }
    }
    std::error_code unknown;
    const mode_t reading =
        std::filesystem::is_directory(real, unknown) ? S_IROTH | S_IXOTH : S_IROTH;
    return is_kept_from(real, account, reading, about) ? says(file, "read it") : std::string();
}

}  // namespace flyball
