#pragma once
// The programs, libraries and files that tests start and read. Paths are known to one object file
// alone: all others are the same in every folder, so that a compiler's cache serves them.

#include <string>
#include <string_view>
#include <vector>

namespace flyball::testing {

// `path` below the build tree, e.g. "tests/flyball_node_ahead"; below the sources.
std::string built(std::string_view path);
std::string source(std::string_view path);

std::string node_program();
std::string tool_program();
std::string plugin_library();

// The environment in which a program that is built without sanitizers can load what is built with
// them: theirs have to be there first, and `library` after them. Empty without either.
std::vector<std::string> preloaded(std::string_view library = {});

}  // namespace flyball::testing
