#include "fleet/help.h"

#include <fmt/format.h>

#include <algorithm>

#include "fleet/render.h"
#include "schemas/expects.h"

namespace flyball {
namespace {

constexpr std::size_t width = 80;
constexpr std::size_t option_columns = 26;
constexpr std::size_t verb_columns = 14;

std::string row(std::string left, std::string_view text, std::size_t columns) {
    left.insert(0, "  ");
    std::string line = left.size() < columns ? left + std::string(columns - left.size(), ' ')
                                             : left + "\n" + std::string(columns, ' ');
    while (text.size() > width - columns) {
        const std::size_t cut = std::min(text.rfind(' ', width - columns), text.size());
        line += std::string(text.substr(0, cut)) + "\n" + std::string(columns, ' ');
        text.remove_prefix(std::min(cut + 1, text.size()));
    }
    return line + std::string(text) + "\n";
}

// CLI11 adds what a validator has to say behind a colon.
std::string value_name(const CLI::Option& option) {
    const std::string name = option.get_type_name();
    return name.substr(0, name.find(':'));
}

}  // namespace

std::string first_sentence(std::string text) {
    expects(!text.empty(), "verbs say what they do");
    text.resize(std::min(text.find("\n\n"), text.size()));
    std::ranges::replace(text, '\n', ' ');
    text.resize(std::min(text.find(". "), text.size() - 1) + 1);
    return text;
}

std::string ExamplesFirst::make_help(const CLI::App* app, std::string name,
                                     CLI::AppFormatMode mode) const {
    return fmt::format("Examples:\n{}\n\n{}\n\n{}\n{}{}{}", app->get_footer(),
                       make_usage(app, std::move(name)), app->get_description(),
                       make_positionals(app), make_groups(app, mode), make_subcommands(app, mode));
}

std::string ExamplesFirst::make_usage(const CLI::App* app, std::string name) const {
    std::string usage = "Usage: " + name;
    for (const CLI::Option* option : app->get_options()) {
        if (option->get_positional()) {
            const std::string place =
                option->get_name() + (option->get_items_expected_max() > 1 ? "..." : "");
            usage += option->get_required() ? " " + place : " [" + place + "]";
        }
    }
    return usage + (app->get_subcommands({}).empty() ? " [OPTIONS]" : " VERB ...");
}

std::string ExamplesFirst::make_option(const CLI::Option* option, bool positional) const {
    std::string text = option->get_description();
    if (!option->get_envname().empty()) {
        text += fmt::format(" (or {})", option->get_envname());
    }
    if (!positional && !option->get_default_str().empty()) {
        text += fmt::format(" [{}]", option->get_default_str());
    }
    if (positional) {
        return row(option->get_name(), text, option_columns);
    }
    const std::string value =
        option->get_items_expected_max() > 0 ? " " + value_name(*option) : std::string();
    return row(option->get_name(false, true) + value, text, option_columns);
}

std::string ExamplesFirst::make_subcommand(const CLI::App* verb) const {
    return row(verb->get_name(), first_sentence(verb->get_description()), verb_columns);
}

}  // namespace flyball
