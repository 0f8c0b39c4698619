#pragma once
// "Did you mean": the names nearest to one that is not there. Pure. Any thread.

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace flyball {

std::size_t edit_distance(std::string_view a, std::string_view b);
// At most `count` of `names`, nearest first: those within a third of the length, and those that
// begin with `name` or contain it.
std::vector<std::string> near_names(std::string_view name, std::span<const std::string> names,
                                    std::size_t count = 3);

}  // namespace flyball
