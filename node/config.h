#pragma once
// Reads the node's configuration: flag over environment over <file>.d over file over default
// (docs/configuration.md). Finds every fault, not only the first. Pure: what it reads of the
// machine comes in as ConfigInput. Used at the start and at a reload, one thread.

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "node/settings.h"
#include "schemas/result.h"

namespace flyball {

struct ConfigInput {
    std::vector<std::string> arguments;  // without the program's name
    // Nothing when the variable is not set.
    std::function<std::optional<std::string>(const std::string& name)> environment;
    // Nothing when there is no such file; an error when it cannot be read.
    std::function<Result<std::optional<std::string>>(const std::string& path)> read_file;
    // Names of the files in a folder, in any order; none when there is no such folder; an error
    // when it cannot be read.
    std::function<Result<std::vector<std::string>>(const std::string& path)> list_folder;
    std::string host_name;
    std::string machine_id;
    bool root = false;  // running as the superuser
};
// The machine this runs on.
ConfigInput machine_input(int argc, const char* const* argv);

enum class ConfigMode : std::uint8_t { run, check_config, print_config, version, help };

struct Config {
    ConfigMode mode = ConfigMode::run;
    NodeSettings settings;
    // Each a sentence with its place: "node.toml:7: mqtt.broker: must be ...". Empty: all is well.
    std::vector<std::string> faults;
    // "type/name" -> its settings with its type's defaults; filled by check_governors().
    std::map<std::string, Tree> governors;
};
Config read_config(const ConfigInput& input);
// Makes each governor that `config` names once: what only its type can find wrong becomes a fault;
// without faults its effective settings are known, the same that its policy_rev is made from.
void check_governors(Config& config, Instant now);

}  // namespace flyball
