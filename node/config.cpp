#include "node/config.h"

#include <algorithm>

#include "node/config_check.h"
#include "node/config_file.h"
#include "node/config_flags.h"
#include "node/config_govern.h"
#include "node/config_option.h"
#include "node/default_name.h"
#include "schemas/request.h"

namespace flyball {
namespace {

constexpr std::string_view default_file = "/etc/flyball/node.toml";

// `later` on top of `earlier`, key by key; a list is one value.
// Recursion is bounded by toml++'s nesting limit
void merge(Tree& earlier, const Tree& later) {
    if (earlier.map() == nullptr || later.map() == nullptr) {
        earlier = later;
        return;
    }
    for (const auto& [key, value] : *later.map()) {
        const auto [place, added] = earlier.map()->try_emplace(key, value);
        if (!added) {
            merge(place->second, value);
        }
    }
}

// Reads the layers from the weakest to the strongest into one Config.
class Layers {
public:
    Layers(const ConfigInput& input, Config& config) : input_(input), config_(config) {}

    void read_files(const std::optional<std::string>& named);
    void read_environment();
    void read_flags(const std::map<std::string_view, std::string>& values);
    void work_out_defaults();
    void check_contradictions();

private:
    bool read_file(const std::string& path);
    void take_table(const ConfigFile& file, const Tree& table, const std::string& above);
    void take_governors(const ConfigFile& file, const Tree& types);
    void keep_places(const ConfigFile& file, std::string_view below);
    void take_text(const ConfigOption& option, const std::string& place, std::string_view text);
    void fault(const std::string& place, std::string_view key, std::string_view sentence);
    static std::string unknown_key(std::string_view key);
    void work_out_state_dir();

    const ConfigInput& input_;
    Config& config_;
    Places given_;  // an option's key -> what gave its effective value
};

void Layers::fault(const std::string& place, std::string_view key, std::string_view sentence) {
    config_.faults.push_back(place + ": " + std::string(key) + (key.empty() ? "" : ": ") +
                             std::string(sentence));
}

std::string Layers::unknown_key(std::string_view key) {
    std::vector<std::string_view> known;
    for (const ConfigOption& option : config_options()) {
        known.push_back(option.key);
    }
    const auto closest = closest_name(key, known);
    return closest ? "is not known; did you mean " + std::string(*closest) + "?"
                   : "is not known; flyball-node --help lists every key";
}

// Whether there is such a file.
bool Layers::read_file(const std::string& path) {
    const auto text = input_.read_file(path);
    if (!text) {
        config_.faults.push_back(path + ": " + text.error().message);
        return true;
    }
    if (!*text) {
        return false;
    }
    ConfigFile file = parse_config_file(**text, path);
    config_.faults.insert(config_.faults.end(), file.faults.begin(), file.faults.end());
    if (file.root.map() != nullptr) {
        take_table(file, file.root, "");
    }
    return true;
}

void Layers::read_files(const std::optional<std::string>& named) {
    const std::string path = named.value_or(std::string(default_file));
    if (!read_file(path) && named) {
        config_.faults.push_back("flag --config: must name a file that is there; " + path +
                                 " is not");
    }
    const std::string folder = path + ".d";
    auto names = input_.list_folder(folder);
    if (!names) {
        config_.faults.push_back(folder + ": " + names.error().message);
        return;
    }
    std::sort(names->begin(), names->end());
    for (const std::string& name : *names) {
        if (name.ends_with(".toml") && !name.starts_with('.')) {
            read_file(folder + "/" + name);
        }
    }
}

// Recursion is two levels, those of the options' keys
void Layers::take_table(const ConfigFile& file, const Tree& table, const std::string& above) {
    const auto& options = config_options();
    for (const auto& [name, value] : *table.map()) {
        const std::string key = above + name;
        const std::string place = file.places.find(key)->second;
        if (const ConfigOption* option = find_option(key)) {
            given_.insert_or_assign(key, place + ": " + key);
            if (const auto wrong = set_option(*option, value, config_.settings)) {
                fault(place, key, *wrong);
            }
            continue;
        }
        const bool section = std::any_of(options.begin(), options.end(), [&](const auto& option) {
            return option.key.starts_with(key + ".");
        });
        if (key == "governor" && value.map() != nullptr) {
            take_governors(file, value);
        } else if (key == "govern") {
            config_.settings.govern = read_govern_rules(value, file.places, config_.faults);
            keep_places(file, "govern[");
        } else if (section && value.map() != nullptr) {
            take_table(file, value, key + ".");
        } else {
            fault(place, key, section || key == "governor" ? "must be a table" : unknown_key(key));
        }
    }
}

void Layers::take_governors(const ConfigFile& file, const Tree& types) {
    for (const auto& [type, named] : *types.map()) {
        const std::string above = "governor." + type;
        if (named.map() == nullptr) {
            fault(file.places.find(above)->second, above,
                  "must be a table of governors, as [governor.quota.main]");
            continue;
        }
        for (const auto& [name, settings] : *named.map()) {
            const std::string key = above + "." + name;
            const std::string& place = file.places.find(key)->second;
            if (settings.map() == nullptr || !valid_name(type) || !valid_name(name)) {
                fault(place, key,
                      "must be a table [governor.<type>.<name>], names of a to z, 0 to 9, _ and -");
                continue;
            }
            merge(config_.settings.governors[type + "/" + name], settings);
        }
    }
    keep_places(file, "governor.");
}

void Layers::keep_places(const ConfigFile& file, std::string_view below) {
    for (const auto& [key, place] : file.places) {
        if (key.starts_with(below)) {
            config_.settings.places.insert_or_assign(key, place);
        }
    }
}

void Layers::take_text(const ConfigOption& option, const std::string& place,
                       std::string_view text) {
    given_.insert_or_assign(std::string(option.key), place);
    if (const auto wrong = set_option_text(option, text, config_.settings)) {
        fault(place, "", *wrong);
    }
}

void Layers::read_environment() {
    for (const ConfigOption& option : config_options()) {
        if (is_list(option)) {
            continue;
        }
        const std::string name = environment_name(option);
        if (const auto text = input_.environment(name)) {
            take_text(option, name, *text);
        }
    }
}

void Layers::read_flags(const std::map<std::string_view, std::string>& values) {
    for (const auto& [key, text] : values) {
        take_text(*find_option(key), "flag --" + std::string(key), text);
    }
}

void Layers::work_out_state_dir() {
    const ConfigOption& option = *find_option("state.dir");
    if (const auto folders = input_.environment("STATE_DIRECTORY"); folders && !folders->empty()) {
        // systemd lists all of a unit's.
        take_text(option, "STATE_DIRECTORY", folders->substr(0, folders->find(':')));
    } else if (const auto home = input_.environment("HOME");
               !input_.root && home && !home->empty()) {
        take_text(option, "HOME", *home + "/.local/state/flyball");
    } else {
        config_.settings.state.dir = "/var/lib/flyball";
    }
}

void Layers::work_out_defaults() {
    NodeSettings& settings = config_.settings;
    if (settings.root.node.empty()) {
        settings.root.node = default_node_name(input_.host_name, input_.machine_id);
    }
    if (settings.mqtt.client_id.empty()) {
        settings.mqtt.client_id = "flyball-" + settings.root.region + "-" + settings.root.node;
    }
    if (settings.state.dir.empty()) {
        work_out_state_dir();
    }
}

void Layers::check_contradictions() {
    for (const auto& [key, sentence] : contradictions(config_.settings)) {
        const auto place = given_.find(key);
        config_.faults.push_back((place == given_.end() ? std::string(key) : place->second) + ": " +
                                 sentence);
    }
}

}  // namespace

Config read_config(const ConfigInput& input) {
    Config config;
    const ConfigFlags flags = parse_config_flags(input.arguments);
    config.mode = flags.mode;
    if (config.mode == ConfigMode::help || config.mode == ConfigMode::version) {
        return config;
    }
    config.faults = flags.faults;
    Layers layers(input, config);
    layers.read_files(flags.file);
    layers.read_environment();
    layers.read_flags(flags.values);
    layers.work_out_defaults();
    if (config.faults.empty()) {
        layers.check_contradictions();
    }
    return config;
}

}  // namespace flyball
