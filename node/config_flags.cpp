#include "node/config_flags.h"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "node/config_option.h"

namespace flyball {
namespace {

std::string unknown_flag(const std::string& given) {
    if (!given.starts_with("-")) {
        return "flag " + given + ": is not a flag; every argument is --key value";
    }
    const std::string name = given.substr(0, given.find('='));
    std::vector<std::string> flags{"--config", "--check-config", "--print-config", "--version",
                                   "--help"};
    for (const ConfigOption& option : config_options()) {
        if (name == "--" + std::string(option.key)) {
            return "flag " + name + ": is a list, which only a configuration file can give";
        }
        flags.push_back("--" + std::string(option.key));
    }
    const std::vector<std::string_view> known(flags.begin(), flags.end());
    const auto closest = closest_name(name, known);
    return "flag " + name + ": is not known" +
           (closest ? "; did you mean " + std::string(*closest) + "?"
                    : "; --help lists all that are");
}

void choose(ConfigMode& mode, const CLI::Option* flag, ConfigMode wanted) {
    if (flag->count() > 0) {
        mode = wanted;
    }
}

}  // namespace

ConfigFlags parse_config_flags(std::vector<std::string> arguments) {
    ConfigFlags flags;
    if (arguments.empty()) {
        return flags;  // 3 ms of making options that none is compared with, under a sanitizer
    }
    CLI::App app;
    app.set_help_flag();
    app.allow_extras();
    std::string file;
    const auto last = CLI::MultiOptionPolicy::TakeLast;
    const auto* config = app.add_option("--config", file)->multi_option_policy(last);
    const auto* check = app.add_flag("--check-config");
    const auto* print = app.add_flag("--print-config");
    const auto* version = app.add_flag("--version");
    const auto* help = app.add_flag("-h,--help");
    std::vector<std::pair<const ConfigOption*, CLI::Option*>> rows;
    for (const ConfigOption& option : config_options()) {
        if (!is_list(option)) {
            CLI::Option* row = app.add_option("--" + std::string(option.key));
            row->multi_option_policy(last);
            rows.emplace_back(&option, row);
        }
    }
    std::reverse(arguments.begin(), arguments.end());  // as CLI11 wants them
    try {
        app.parse(arguments);
    } catch (const CLI::Error& error) {
        flags.faults.push_back(std::string("flag ") + error.what());
        return flags;
    }
    for (const std::string& extra : app.remaining()) {
        flags.faults.push_back(unknown_flag(extra));
    }
    if (config->count() > 0) {
        flags.file = file;
    }
    for (const auto& [option, row] : rows) {
        if (row->count() > 0) {
            flags.values.emplace(option->key, row->as<std::string>());
        }
    }
    choose(flags.mode, check, ConfigMode::check_config);
    choose(flags.mode, print, ConfigMode::print_config);
    choose(flags.mode, version, ConfigMode::version);
    choose(flags.mode, help, ConfigMode::help);
    return flags;
}

}  // namespace flyball
