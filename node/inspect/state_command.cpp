#include "node/inspect/state_command.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cstdio>

#include "node/inspect/state_verbs.h"

namespace flyball {

namespace {

constexpr int exit_unsound = 1;
constexpr int exit_usage = 64;     // sysexits: EX_USAGE
constexpr int exit_internal = 70;  // EX_SOFTWARE
constexpr int exit_state = 73;     // EX_CANTCREAT, as a node's that cannot use its state folder

constexpr const char* help_text =
    R"(Examples:
  flyball-node state show /var/lib/flyball
  flyball-node state show --records /var/lib/flyball
  flyball-node state verify /var/lib/flyball && echo sound
  flyball-node state replay --json /var/lib/flyball
  flyball-node state export /mnt/backup/snapshot-00000000000004d2 > state.json

Usage: flyball-node state VERB [--json] [--records] PATH

PATH is a state folder, or one file of one. Nothing in it is changed, and no lock
is taken: a node may go on using it. `flyball state ...` is the same.

  show     the files with their records, the governors; --records lists the journal
  verify   every checksum and every audit chain; 1 when something is not sound
  replay   decides the journal again and compares; 1 when something differs
  export   everything as JSON (with the salts of the audit chains: keep it to yourself)

  --json     for machines; export always is
  --records  with show: each record of the journal

Exit status: 0 done, 1 not sound or different, 64 usage, 73 cannot be read by this
release or at all, 70 internal.
)";

struct Row {
    std::string_view name;
    Result<VerbAnswer> (*run)(OpenedState& state, const VerbOptions& options);
};
constexpr std::array rows = {Row{"show", &show_state}, Row{"verify", &verify_state},
                             Row{"replay", &replay_state}, Row{"export", &export_state}};

void say(std::string_view text) {
    std::fprintf(stderr, "flyball-node: %.*s\n", static_cast<int>(text.size()), text.data());
}

int fail(const Error& error) {
    say(error.message);
    switch (error.code) {
        case ErrorCode::usage: return exit_usage;
        case ErrorCode::internal: return exit_internal;
        case ErrorCode::unavailable:
        case ErrorCode::refused:
        case ErrorCode::damaged:
        case ErrorCode::state: break;
    }
    return exit_state;
}

struct Line {
    VerbOptions options;
    std::vector<std::string> words;  // verb and path
    bool help = false;
};

Result<Line> read_line(std::vector<std::string> arguments) {
    Line line;
    CLI::App app;
    app.set_help_flag();
    app.add_flag("--json", line.options.json);
    app.add_flag("--records", line.options.records);
    app.add_flag("-h,--help", line.help);
    app.add_option("words", line.words);
    std::reverse(arguments.begin(), arguments.end());  // as CLI11 wants them
    try {
        app.parse(arguments);
    } catch (const CLI::Error& error) {
        return Error{ErrorCode::usage, error.what()};
    }
    return line;
}

int run(const Row& row, const Line& line) {
    auto state = open_state(line.words.back());
    if (!state) {
        return fail(state.error());
    }
    auto answer = row.run(*state, line.options);
    if (state->in_use && (!answer || !answer->sound)) {
        // A node that reuses a file meanwhile looks like damage, which would still be there.
        state = open_state(line.words.back());
        if (!state) {
            return fail(state.error());
        }
        answer = row.run(*state, line.options);
    }
    if (!answer) {
        return fail(answer.error());
    }
    if (state->in_use) {
        say(state->path + " is in use by a node: this is how it was a moment ago");
    }
    for (const std::string& note : answer->notes) {
        say(note);
    }
    std::fwrite(answer->text.data(), 1, answer->text.size(), stdout);
    return std::fflush(stdout) == 0 ? (answer->sound ? 0 : exit_unsound) : exit_internal;
}

}  // namespace

int run_state_command(std::vector<std::string> arguments) {
    const auto line = read_line(std::move(arguments));
    if (!line) {
        say("state: " + line.error().message);
        return exit_usage;
    }
    if (line->help) {
        std::fputs(help_text, stdout);
        return 0;
    }
    const auto* row = rows.end();
    if (!line->words.empty()) {
        row = std::ranges::find(rows, line->words.front(), &Row::name);
    }
    if (row == rows.end() || line->words.size() != 2) {
        say("state: " +
            (row == rows.end() && !line->words.empty() ? "there is no verb " + line->words.front()
                                                       : std::string("needs a verb and a path")) +
            "; flyball-node state --help shows how");
        return exit_usage;
    }
    if (line->options.records && row->name != "show") {
        say("state: --records is for show");
        return exit_usage;
    }
    return run(*row, *line);
}

}  // namespace flyball
