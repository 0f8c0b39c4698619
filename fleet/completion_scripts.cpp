// The three shells' ways to say the same; see fleet/completion.h.

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "fleet/completion.h"
#include "fleet/ops.h"
#include "fleet/verb.h"

namespace flyball {
namespace {

constexpr const char* made_by = "# Made by `flyball completion {}`; a test compares the two.\n";
constexpr const char* op_value = "OP";

std::string joined(const std::vector<std::string>& words) {
    return fmt::format("{}", fmt::join(words, " "));
}

std::vector<std::string> known_types() {
    std::vector<std::string> types;
    for (const KnownOp& op : known_ops()) {
        if (std::ranges::find(types, op.type) == types.end()) {
            types.emplace_back(op.type);
        }
    }
    return types;
}

std::vector<std::string> known_governors() {
    std::vector<std::string> names{"admit"};
    for (const std::string& type : known_types()) {
        names.push_back(type == "control" ? type : type + "/main");
    }
    return names;
}

std::vector<std::string> ops_of(std::string_view type) {
    std::vector<std::string> names;
    for (const KnownOp& op : known_ops()) {
        if (op.type == type) {
            names.emplace_back(op.name);
        }
    }
    return names;
}

std::vector<std::string> option_names(const CompletedVerb& verb,
                                      const std::function<bool(const CompletedOption&)>& wanted) {
    std::vector<std::string> names;
    for (const CompletedOption& option : verb.options) {
        if (wanted(option)) {
            names.push_back(option.name);
        }
    }
    return names;
}

std::vector<std::string> verb_names(const std::vector<CompletedVerb>& verbs) {
    std::vector<std::string> names;
    for (const CompletedVerb& verb : verbs) {
        names.push_back(verb.name);
    }
    return names;
}

// `text` inside single quotes, with `special` characters escaped by a backslash.
std::string quoted(std::string_view text, std::string_view special, std::string_view apostrophe) {
    std::string out;
    for (const char c : text) {
        if (c == '\'') {
            out += apostrophe;
            continue;
        }
        if (special.find(c) != std::string_view::npos) {
            out += '\\';
        }
        out += c;
    }
    return out;
}

std::string zsh_text(std::string_view text) {
    return quoted(text, "[]:\\", "'\\''");
}

std::string fish_text(std::string_view text) {
    return quoted(text, "\\", "\\'");
}

std::string bash_words(const std::string& words) {
    return fmt::format("COMPREPLY=($(compgen -W \"{}\" -- \"$cur\"))", words);
}

bool completable(const std::string& value) {
    return value == node_value || value == governor_value || value == op_value ||
           value == file_value || !choices_of(value).empty();
}

std::string bash_place(const std::string& value) {
    if (value == node_value) {
        return bash_words("$(flyball completion nodes --timeout 1s 2>/dev/null)");
    }
    if (value == governor_value) {
        return bash_words(joined(known_governors()));
    }
    if (value == op_value) {
        return bash_words("$(_flyball_ops \"$second\")");
    }
    if (value == file_value) {
        return "mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")";
    }
    return bash_words(joined(choices_of(value)));
}

std::string bash_verb(const CompletedVerb& verb) {
    const auto all = option_names(verb, [](const CompletedOption&) { return true; });
    const auto valued =
        option_names(verb, [](const CompletedOption& option) { return option.takes_value; });
    const auto files =
        option_names(verb, [](const CompletedOption& option) { return option.file; });
    std::string text = fmt::format("        {})\n", verb.name);
    text += fmt::format("            options='{}'\n", joined(all));
    text += fmt::format("            valued=' {} '\n", joined(valued));
    text += fmt::format("            files=' {} '\n", joined(files));
    for (const CompletedOption& option : verb.options) {
        if (!option.choices.empty()) {
            text += fmt::format("            [[ $prev == {} ]] && choices='{}'\n", option.name,
                                joined(option.choices));
        }
    }
    return text + "            ;;\n";
}

std::string ops_function(const char* head, const char* row, const char* tail) {
    std::string text = head;
    for (const std::string& type : known_types()) {
        text += fmt::format(fmt::runtime(row), type == "control" ? type : type + "/*",
                            joined(ops_of(type)));
    }
    return text + tail;
}

std::string zsh_value(const CompletedOption& option) {
    if (option.file) {
        return ":file:_files";
    }
    return option.choices.empty() ? ":value: " : fmt::format(":value:({})", joined(option.choices));
}

std::string zsh_place(const std::string& value) {
    if (value == node_value) {
        return "_flyball_nodes";
    }
    if (value == governor_value) {
        return fmt::format("({})", joined(known_governors()));
    }
    if (value == op_value) {
        return "_flyball_ops";
    }
    if (value == file_value) {
        return "_files";
    }
    const auto choices = choices_of(value);
    return choices.empty() ? " " : fmt::format("({})", joined(choices));
}

std::string fish_place(const std::string& value) {
    if (value == node_value) {
        return "(flyball completion nodes --timeout 1s 2>/dev/null)";
    }
    if (value == governor_value) {
        return joined(known_governors());
    }
    if (value == file_value) {
        return "(__fish_complete_path)";
    }
    return value == op_value ? "(__flyball_ops)" : joined(choices_of(value));
}

}  // namespace

std::string bash_completion(const std::vector<CompletedVerb>& verbs) {
    std::string text = "# bash completion for flyball\n";
    text += fmt::format(fmt::runtime(made_by), "bash");
    text += ops_function("\n_flyball_ops() {\n    case $1 in\n", "        {}) echo '{}' ;;\n",
                         "    esac\n}\n");
    text += R"(
_flyball() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
    local verb=${COMP_WORDS[1]} options= valued= files= choices= second= place=0 i
    COMPREPLY=()
    if ((COMP_CWORD == 1)); then
)";
    text += fmt::format("        {}\n        return\n    fi\n",
                        bash_words(joined(verb_names(verbs)) + " --help --version"));
    text += "    case $verb in\n";
    for (const CompletedVerb& verb : verbs) {
        text += bash_verb(verb);
    }
    text += R"(    esac
    if [[ $choices ]]; then
        COMPREPLY=($(compgen -W "$choices" -- "$cur"))
        return
    elif [[ $files == *" $prev "* ]]; then
        compopt -o filenames
        COMPREPLY=($(compgen -f -- "$cur"))
        return
    elif [[ $valued == *" $prev "* ]]; then
        return
    elif [[ $cur == -* ]]; then
        COMPREPLY=($(compgen -W "$options" -- "$cur"))
        return
    fi
    for ((i = 2; i < COMP_CWORD; i++)); do
        if [[ $valued == *" ${COMP_WORDS[i]} "* ]]; then
            ((i++))
        elif [[ ${COMP_WORDS[i]} != -* ]]; then
            ((++place == 2)) && second=${COMP_WORDS[i]}
        fi
    done
    case $verb,$place in
)";
    for (const CompletedVerb& verb : verbs) {
        for (std::size_t place = 0; place < verb.places.size(); ++place) {
            const auto& [value, repeats] = verb.places[place];
            if (completable(value)) {
                text += fmt::format("        {},{}) {} ;;\n", verb.name,
                                    repeats ? "*" : std::to_string(place), bash_place(value));
            }
        }
    }
    return text + "    esac\n}\n\ncomplete -F _flyball flyball\n";
}

std::string zsh_completion(const std::vector<CompletedVerb>& verbs) {
    std::string text = "#compdef flyball\n";
    text += fmt::format(fmt::runtime(made_by), "zsh");
    text += R"zsh(
_flyball_nodes() {
    local -a nodes
    nodes=(${(f)"$(flyball completion nodes --timeout 1s 2>/dev/null)"})
    compadd -a nodes
}

)zsh";
    text += ops_function(
        "# The governor may stand behind options.\n_flyball_ops() {\n    local word\n"
        "    for word in $words; do\n        case $word in\n",
        "            {}) compadd {} ;;\n", "        esac\n    done\n}\n");
    text += "\n_flyball() {\n    local -a verbs\n    verbs=(\n";
    for (const CompletedVerb& verb : verbs) {
        text += fmt::format("        '{}:{}'\n", verb.name, zsh_text(verb.help));
    }
    text += R"(    )
    if ((CURRENT == 2)); then
        _describe verb verbs
        return
    fi
    shift words
    ((CURRENT--))
    case $words[1] in
)";
    for (const CompletedVerb& verb : verbs) {
        text += fmt::format("        {})\n            _arguments", verb.name);
        for (const CompletedOption& option : verb.options) {
            text += fmt::format(" \\\n                '{}[{}]{}'", option.name,
                                zsh_text(option.help), option.takes_value ? zsh_value(option) : "");
        }
        for (std::size_t place = 0; place < verb.places.size(); ++place) {
            const auto& [value, repeats] = verb.places[place];
            text += fmt::format(" \\\n                '{}:{}:{}'",
                                repeats ? "*" : std::to_string(place + 1), zsh_text(value),
                                zsh_place(value));
        }
        text += "\n            ;;\n";
    }
    return text + "    esac\n}\n\n_flyball \"$@\"\n";
}

std::string fish_completion(const std::vector<CompletedVerb>& verbs) {
    std::string text = "# fish completion for flyball\n";
    text += fmt::format(fmt::runtime(made_by), "fish");
    text += R"(
# The words after the verb that are no options; an option's value counts as one.
function __flyball_places
    set -l words (commandline -opc)
    string match -v -- '-*' $words[3..-1]
end

function __flyball_at -a verb place more
    set -l words (commandline -opc)
    test (count $words) -ge 2; and test $words[2] = $verb
    and begin
        test (count (__flyball_places)) -eq $place
        or test -n "$more" -a (count (__flyball_places)) -gt $place
    end
end

)";
    text += ops_function(
        "function __flyball_ops\n    set -l places (__flyball_places)\n    switch $places[2]\n",
        "        case '{}'\n            string split ' ' '{}'\n", "    end\nend\n");
    text += "\ncomplete -c flyball -f\n";
    for (const CompletedVerb& verb : verbs) {
        text += fmt::format("complete -c flyball -n __fish_use_subcommand -a {} -d '{}'\n",
                            verb.name, fish_text(verb.help));
    }
    for (const CompletedVerb& verb : verbs) {
        text += "\n";
        for (const CompletedOption& option : verb.options) {
            const std::string value = !option.takes_value ? ""
                                      : option.file       ? " -r -F"
                                      : option.choices.empty()
                                          ? " -x"
                                          : fmt::format(" -x -a '{}'", joined(option.choices));
            text += fmt::format(
                "complete -c flyball -n '__fish_seen_subcommand_from {}' -l {}{} -d '{}'\n",
                verb.name, option.name.substr(2), value, fish_text(option.help));
        }
        for (std::size_t place = 0; place < verb.places.size(); ++place) {
            const auto& [value, repeats] = verb.places[place];
            if (completable(value)) {
                text += fmt::format("complete -c flyball -n '__flyball_at {} {}{}' -a '{}'\n",
                                    verb.name, place, repeats ? " more" : "", fish_place(value));
            }
        }
    }
    return text;
}

}  // namespace flyball
