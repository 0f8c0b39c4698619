#pragma once
// What people read about the configuration, written from the table of options. Any thread.

#include <map>
#include <string>

#include "node/config.h"
#include "schemas/tree.h"

namespace flyball {

std::string help_text();
// The effective configuration as a TOML file that means the same; `governors` as they shall be
// shown, "type/name" -> settings. Holds no secrets: those are in files, of which it has the names.
std::string print_config(const NodeSettings& settings,
                         const std::map<std::string, Tree>& governors);
// The generated table of docs/configuration.md.
std::string options_table();

// Answers every mode but run, and a configuration with faults: prints what was asked for and
// returns the program's exit status.
int show(const Config& config);

}  // namespace flyball
