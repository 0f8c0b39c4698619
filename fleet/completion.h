#pragma once
// Completion files for bash, zsh and fish, made from the tool's own command line, so that they
// cannot know less than it does. Pure. Any thread.

#include <string>
#include <vector>

namespace CLI {
class App;
}  // namespace CLI

namespace flyball {

// What there is to complete, shell by shell the same.
struct CompletedOption {
    std::string name;  // "--broker"
    std::string help;  // one line
    bool takes_value = false;
    bool file = false;
    std::vector<std::string> choices;  // of its value
};

struct CompletedPlace {
    std::string value;     // its value name: NODE, TYPE/NAME, "a|b"
    bool repeats = false;  // any number of them, at the end
};

struct CompletedVerb {
    std::string name;
    std::string help;
    std::vector<CompletedOption> options;
    std::vector<CompletedPlace> places;
};

std::vector<CompletedVerb> completed_verbs(const CLI::App& tool);
std::vector<std::string> choices_of(const std::string& value_name);  // "a|b" gives a, b

std::string bash_completion(const std::vector<CompletedVerb>& verbs);
std::string zsh_completion(const std::vector<CompletedVerb>& verbs);
std::string fish_completion(const std::vector<CompletedVerb>& verbs);

}  // namespace flyball
