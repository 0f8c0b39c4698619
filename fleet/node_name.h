#pragma once
// How people name a node: region/node. Pure. Any thread.

#include <string>
#include <string_view>

#include "schemas/result.h"

namespace flyball {

struct NodeName {
    std::string region;
    std::string node;
    std::string text() const { return region + "/" + node; }
};

// Fails (usage) with a sentence that shows what would be right; a reserved region, too.
Result<NodeName> parse_node(std::string_view text);

}  // namespace flyball
