#pragma once
// How the tool's help looks: examples first, since they are what most people came for, and lines
// of at most 80 columns. Main thread.

#include <CLI/CLI.hpp>
#include <string>

namespace flyball {

// Of a description, on one line.
std::string first_sentence(std::string text);

class ExamplesFirst final : public CLI::Formatter {
public:
    // A verb's footer holds its examples.
    std::string make_help(const CLI::App* app, std::string name,
                          CLI::AppFormatMode mode) const override;
    std::string make_usage(const CLI::App* app, std::string name) const override;
    std::string make_option(const CLI::Option* option, bool positional) const override;
    std::string make_subcommand(const CLI::App* verb) const override;
};

}  // namespace flyball
