#pragma once
// The house rules that no compiler checks: which folder may include which, where clocks are read,
// lengths, names, and that the build and the READMEs know every file. Each rule is a function from
// the tree to findings; rules.cpp lists them all. Each has a test with a planted violation.

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tests/tidy/source_tree.h"

namespace tidy {

struct Finding {
    std::string path;
    std::size_t line = 0;  // from 1; 0: the file as a whole
    std::string message;
};
using Findings = std::vector<Finding>;

struct Rule {
    std::string_view name;
    void (*check)(const SourceTree& tree, Findings& findings);
};

std::span<const Rule> rules();

// place_rules.cpp
void includes_follow_the_arrows(const SourceTree& tree, Findings& findings);
void libraries_stay_in_their_place(const SourceTree& tree, Findings& findings);
void clocks_stay_in_their_place(const SourceTree& tree, Findings& findings);
// word_rules.cpp
void files_and_types_have_real_names(const SourceTree& tree, Findings& findings);
void nothing_is_left_for_later(const SourceTree& tree, Findings& findings);
void suppressions_have_a_reason(const SourceTree& tree, Findings& findings);
void no_catch_is_empty(const SourceTree& tree, Findings& findings);
// length_rules.cpp
void files_and_lines_are_short(const SourceTree& tree, Findings& findings);
void functions_are_short(const SourceTree& tree, Findings& findings);
// listing_rules.cpp
void the_build_lists_every_file(const SourceTree& tree, Findings& findings);
void readmes_name_every_file(const SourceTree& tree, Findings& findings);
void scripts_can_be_run(const SourceTree& tree, Findings& findings);
void locks_name_no_host(const SourceTree& tree, Findings& findings);

}  // namespace tidy
