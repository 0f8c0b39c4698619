#pragma once
// The adapter around CLI11: a command line to the options it names and the mode it asks for. Pure.

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "node/config.h"

namespace flyball {

struct ConfigFlags {
    ConfigMode mode = ConfigMode::run;
    std::optional<std::string> file;                 // --config
    std::map<std::string_view, std::string> values;  // an option's key -> its text
    std::vector<std::string> faults;
};
ConfigFlags parse_config_flags(std::vector<std::string> arguments);

}  // namespace flyball
