#include "node/mosquitto/broker_file.h"

#include <algorithm>
#include <optional>
#include <string_view>

namespace flyball {
namespace {

constexpr const char* command_line_file = "/proc/self/cmdline";

// The path behind -c or --config-file; nothing when there is none.
std::optional<std::string> config_path(std::string_view command_line) {
    bool next = false;
    while (!command_line.empty()) {
        const std::size_t end = std::min(command_line.find('\0'), command_line.size());
        const std::string_view word = command_line.substr(0, end);
        if (next) {
            return std::string(word);
        }
        next = word == "-c" || word == "--config-file";
        command_line.remove_prefix(std::min(end + 1, command_line.size()));
    }
    return std::nullopt;
}

std::string_view take_word(std::string_view& rest) {
    rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
    const std::string_view word = rest.substr(0, rest.find(' '));
    rest.remove_prefix(word.size());
    return word;
}

class Reading {
public:
    explicit Reading(const ConfigInput& machine) : machine_(machine) {}

    void read(const std::string& path, bool main_file) {
        const auto text = machine_.read_file(path);
        if (!text || !*text) {
            file.unknown = "the broker's configuration " + path + " cannot be read";
            return;
        }
        std::string_view rest = **text;
        while (!rest.empty()) {
            const std::size_t end = std::min(rest.find('\n'), rest.size());
            take_line(rest.substr(0, end), main_file);
            rest.remove_prefix(std::min(end + 1, rest.size()));
        }
    }

    BrokerFile file;

private:
    void take_line(std::string_view line, bool main_file) {
        while (line.ends_with('\r') || line.ends_with(' ')) {
            line.remove_suffix(1);
        }
        const std::string_view key = take_word(line);
        std::string_view value = line;
        value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
        if (key == "per_listener_settings") {
            file.per_listener = value == "true" || value == "1";
        } else if (key == "acl_file") {
            file.has_acl_file = true;
        } else if (key == "listener") {
            file.has_unix_socket = file.has_unix_socket || take_word(value) == "0";
        } else if (key == "plugin" || key == "auth_plugin" || key == "global_plugin") {
            ++file.plugins;
        } else if (key == "include_dir" && main_file) {
            read_folder(std::string(value));
        }
    }

    void read_folder(const std::string& folder) {
        const auto names = machine_.list_folder(folder);
        if (!names) {
            file.unknown = "the broker's configuration folder " + folder + " cannot be read";
            return;
        }
        for (const std::string& name : *names) {
            if (name.ends_with(".conf")) {
                read(folder + "/" + name, false);
            }
        }
    }

    const ConfigInput& machine_;
};

}  // namespace

BrokerFile read_broker_file(const ConfigInput& machine) {
    const auto command_line = machine.read_file(command_line_file);
    const auto path = command_line && *command_line ? config_path(**command_line) : std::nullopt;
    if (!path) {
        return {.unknown = "the broker's command line names no configuration file (-c)"};
    }
    Reading reading(machine);
    reading.read(*path, true);
    return reading.file;
}

std::string why_not_here(const BrokerFile& file) {
    return file.per_listener
               ? "the broker has per_listener_settings true, with which Mosquitto 2.0 gives a "
                 "plugin no ticks: set it to false, or run flyball-node beside the broker"
               : std::string();
}

std::string why_no_subscriptions(const BrokerFile& file) {
    const std::string change = "; take on = \"subscribe\" out of the rules, or change that";
    if (!file.unknown.empty()) {
        return file.unknown + ", so nobody knows whether an acl_file has a say in subscriptions" +
               change;
    }
    if (file.plugins != 1) {
        return "the broker has " + std::to_string(file.plugins) +
               " plugin lines: what this plugin allows another one could not forbid any more" +
               change;
    }
    return {};
}

}  // namespace flyball
