// flyball completion: what shells need to complete the tool's command line.

#include "fleet/completion.h"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "fleet/health_report.h"
#include "fleet/help.h"
#include "fleet/verb.h"

namespace flyball {
namespace {

constexpr const char* examples =
    R"(  source <(flyball completion bash)
  flyball completion zsh > "${fpath[1]}/_flyball"
  flyball completion fish > ~/.config/fish/completions/flyball.fish
  flyball completion nodes --timeout 1s)";

constexpr const char* about =
    R"(Prints the completion file for a shell, or the nodes that have reported.

The files complete NODE by asking the broker of FLYBALL_MQTT_BROKER.)";

class Completion final : public Verb {
public:
    explicit Completion(const CLI::App& tool) : tool_(tool) {}
    CLI::App* describe(CLI::App& tool) override;
    Exit run() override;

private:
    Exit nodes() const;

    const CLI::App& tool_;
    Common common_;
    std::string what_;
};

CLI::App* Completion::describe(CLI::App& tool) {
    CLI::App* verb = tool.add_subcommand("completion", about);
    verb->footer(examples);
    verb->add_option("SHELL", what_, "bash, zsh, fish; or nodes")
        ->required()
        ->check(CLI::IsMember({"bash", "zsh", "fish", "nodes"}))
        ->type_name("bash|zsh|fish|nodes");
    add_common_options(*verb, common_);
    return verb;
}

Exit Completion::nodes() const {
    const auto collected = collect_health(common_.bus, std::nullopt);
    if (!collected) {
        return fail(collected.error());
    }
    Json names = Json::array();
    std::string lines;
    for (const auto& [name, report] : collected->nodes) {
        names.push_back(name);
        lines += name + "\n";
    }
    print(common_.json ? json_text(names) + "\n" : lines);
    return Exit::done;
}

Exit Completion::run() {
    if (what_ == "nodes") {
        return nodes();
    }
    const auto verbs = completed_verbs(tool_);
    print(what_ == "bash"  ? bash_completion(verbs)
          : what_ == "zsh" ? zsh_completion(verbs)
                           : fish_completion(verbs));
    return Exit::done;
}

CompletedOption completed_option(const CLI::Option& option) {
    CompletedOption completed;
    completed.name = "--" + option.get_lnames().front();
    completed.help = option.get_description();
    std::ranges::replace(completed.help, '\n', ' ');
    completed.takes_value = option.get_items_expected_max() > 0;
    const std::string value = option.get_type_name();
    completed.file = completed.takes_value && value.starts_with(file_value);
    completed.choices = completed.takes_value ? choices_of(value) : std::vector<std::string>();
    return completed;
}

}  // namespace

std::vector<std::string> choices_of(const std::string& value_name) {
    // A validator's own description follows the name after a colon.
    std::string names = value_name.substr(0, value_name.find(':'));
    if (names.find('|') == std::string::npos) {
        return {};
    }
    return CLI::detail::split(names, '|');
}

std::vector<CompletedVerb> completed_verbs(const CLI::App& tool) {
    std::vector<CompletedVerb> verbs;
    for (const CLI::App* command : tool.get_subcommands([](const CLI::App*) { return true; })) {
        CompletedVerb verb;
        verb.name = command->get_name();
        verb.help = first_sentence(command->get_description());
        for (const CLI::Option* option : command->get_options()) {
            if (option->get_positional()) {
                const std::string value = option->get_type_name();
                verb.places.push_back(
                    {value.substr(0, value.find(':')), option->get_items_expected_max() > 1});
            } else if (!option->get_lnames().empty()) {
                verb.options.push_back(completed_option(*option));
            }
        }
        verbs.push_back(std::move(verb));
    }
    return verbs;
}

std::unique_ptr<Verb> make_completion(const CLI::App& tool) {
    return std::make_unique<Completion>(tool);
}

}  // namespace flyball
