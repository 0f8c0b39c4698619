#include "fleet/tool.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "fleet/help.h"
#include "fleet/suggest.h"

namespace flyball {
namespace {

constexpr const char* examples =
    R"(  flyball ask eu-west/pi-7 quota/main tenant=acme hits=3
  flyball watch
  flyball health --check
  source <(flyball completion bash))";

constexpr const char* about =
    R"(Talks to Flyball's nodes over an MQTT broker.

Exit status: 0 done, 1 denied or a target missed, 2 an error reply, 64 usage,
69 no broker or no answer in time, 70 internal. NO_COLOR is honoured.)";

// What to say when no verb of ours was named.
void complain_of_verb(const CLI::App& tool, const std::vector<std::string>& words) {
    const auto word =
        std::ranges::find_if(words, [](const std::string& text) { return !text.starts_with('-'); });
    if (word == words.end()) {
        complain("which verb?");
        return;
    }
    complain(fmt::format("there is no verb '{}'", *word));
    std::vector<std::string> names;
    for (const CLI::App* verb : tool.get_subcommands([](const CLI::App*) { return true; })) {
        names.push_back(verb->get_name());
    }
    if (const auto near = near_names(*word, names); !near.empty()) {
        hint(fmt::format("did you mean {}?", fmt::join(near, " or ")));
    }
}

}  // namespace

Tool::Tool() : app_(about, "flyball") {
    app_.formatter(std::make_shared<ExamplesFirst>());  // CLI11 keeps it by shared_ptr
    app_.set_help_flag("-h,--help", "this text; flyball VERB --help for a verb's");
    app_.set_version_flag("--version", "flyball " FLYBALL_VERSION, "the tool's version");
    app_.footer(examples);
    app_.require_subcommand(1);
    add(make_ask());
    add(make_watch());
    add(make_top());
    add(make_dashboard());
    add(make_metrics());
    add(make_health());
    add(make_retire());
    add(make_trace());
    add(make_profile());
    add(make_bench());
    add(make_doctor());
    add(make_state());
    add(make_fleet());
    add(make_pki());
    add(make_acl());
    add(make_completion(app_));
}

void Tool::add(std::unique_ptr<Verb> verb) {
    CLI::App* command = verb->describe(app_);
    command->set_help_flag("-h,--help", "this text");
    verbs_.push_back({command, std::move(verb)});
}

Exit Tool::run(int argc, const char* const* argv) {
    try {
        app_.parse(argc, argv);
    } catch (const CLI::Success& asked) {
        app_.exit(asked);  // help or version, to stdout
        return Exit::done;
    } catch (const CLI::ParseError& error) {
        const auto named = app_.get_subcommands();
        if (named.empty()) {
            complain_of_verb(app_, std::vector<std::string>(argv + 1, argv + std::max(argc, 1)));
        } else {
            complain(error.what());
        }
        hint(fmt::format("flyball {}--help shows how",
                         named.empty() ? "" : named.front()->get_name() + " "));
        return Exit::usage;
    }
    const auto named =
        std::ranges::find_if(verbs_, [](const Entry& entry) { return entry.command->parsed(); });
    return named == verbs_.end() ? Exit::usage : named->verb->run();
}

}  // namespace flyball
