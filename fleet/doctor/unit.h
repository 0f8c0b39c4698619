#pragma once
// The service as systemd has it, its drop-ins too: who it is and what it is kept from seeing.
// Asked of systemctl, which needs no root. Main thread.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace flyball {

inline constexpr const char* unit_name = "flyball-node.service";

struct ServiceUnit {
    std::string user;                           // User=; empty: root
    std::vector<std::string> groups;            // Group= and SupplementaryGroups=
    bool hides_home = false;                    // ProtectHome=
    std::vector<std::string> variables;         // the names of Environment= that a node reads
    std::vector<std::string> variable_files{};  // EnvironmentFile=
    // What systemd has made of it; empty, what systemctl does not say.
    std::string active{};     // ActiveState: active, activating, inactive, failed
    std::string sub_state{};  // SubState: running, start, auto-restart, dead
    std::string result{};     // Result of the last run: success, exit-code, oom-kill
    std::string at_boot{};    // UnitFileState: enabled, disabled
    std::string restarts{};   // NRestarts, by Restart=
    // Where systemd keeps the states of users that it makes: root's alone, but not for the service.
    std::string states = "/var/lib/private";
};

// With the variables of its files. Nothing: no systemd here, or it has no such unit.
std::optional<ServiceUnit> look_at_unit();
// What `systemctl show` printed.
std::optional<ServiceUnit> read_unit(std::string_view properties);
// The names that a node reads, of a file for EnvironmentFile=; none when it cannot be read.
std::vector<std::string> variables_of_file(const std::string& file);

// Why the service cannot read `file`, or list and pass a folder; empty: it can, or that is not to
// be seen from here.
std::string why_unread(const ServiceUnit& unit, const std::string& file);

}  // namespace flyball
