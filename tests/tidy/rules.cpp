#include "tests/tidy/rules.h"

#include <array>

namespace tidy {

std::span<const Rule> rules() {
    static constexpr std::array<Rule, 13> all{{
        {"includes_follow_the_arrows", includes_follow_the_arrows},
        {"libraries_stay_in_their_place", libraries_stay_in_their_place},
        {"clocks_stay_in_their_place", clocks_stay_in_their_place},
        {"files_and_types_have_real_names", files_and_types_have_real_names},
        {"nothing_is_left_for_later", nothing_is_left_for_later},
        {"suppressions_have_a_reason", suppressions_have_a_reason},
        {"no_catch_is_empty", no_catch_is_empty},
        {"files_and_lines_are_short", files_and_lines_are_short},
        {"functions_are_short", functions_are_short},
        {"the_build_lists_every_file", the_build_lists_every_file},
        {"readmes_name_every_file", readmes_name_every_file},
        {"scripts_can_be_run", scripts_can_be_run},
        {"locks_name_no_host", locks_name_no_host},
    }};
    return all;
}

}  // namespace tidy
