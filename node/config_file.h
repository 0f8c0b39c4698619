#pragma once
// The adapter around toml++: one TOML text to trees, with the place of every key. Pure.

#include <string>
#include <string_view>
#include <vector>

#include "node/settings.h"
#include "schemas/tree.h"

namespace flyball {

struct ConfigFile {
    Tree root;
    Places places;                    // dotted key -> "file:line"
    std::vector<std::string> faults;  // with their places
};

// `path` is what places begin with.
ConfigFile parse_config_file(std::string_view text, const std::string& path);

}  // namespace flyball
