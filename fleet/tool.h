#pragma once
// The tool as a whole: its verbs, its help, its exit codes. A new verb is one row in tool.cpp.

#include <CLI/CLI.hpp>
#include <memory>
#include <vector>

#include "fleet/verb.h"

namespace flyball {

class Tool {
public:
    Tool();
    // Parses, runs the verb that was named. Never throws.
    Exit run(int argc, const char* const* argv);
    const CLI::App& app() const { return app_; }

private:
    struct Entry {
        CLI::App* command;
        std::unique_ptr<Verb> verb;
    };
    void add(std::unique_ptr<Verb> verb);

    CLI::App app_;
    std::vector<Entry> verbs_;
};

}  // namespace flyball
