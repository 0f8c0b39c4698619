#pragma once
// MQTT's matching of topics against topic filters (+ for a level, # for the rest), as a broker does
// it: a wildcard in the first level does not match topics that start with $. No allocation.

#include <string_view>

namespace flyball {

bool filter_matches(std::string_view filter, std::string_view topic);

// Whether some topic matches both.
bool filters_overlap(std::string_view one, std::string_view other);

// A filter that a broker accepts: not empty, # only as the last level, wildcards alone in a level.
bool valid_filter(std::string_view filter);

}  // namespace flyball
