#include "fleet/node_name.h"

#include <fmt/format.h>

#include "schemas/region.h"

namespace flyball {

Result<NodeName> parse_node(std::string_view text) {
    const std::size_t slash = text.find('/');
    const std::string_view region = text.substr(0, slash);
    const std::string_view node = slash == std::string_view::npos ? "" : text.substr(slash + 1);
    if (valid_name(region) && valid_name(node) && !valid_region(region)) {
        return Error{ErrorCode::usage,
                     fmt::format("'{}' is no node: no region is called {}", text, region)};
    }
    if (!valid_name(region) || !valid_name(node)) {
        return Error{ErrorCode::usage,
                     fmt::format("'{}' is no node: write region/node, like eu-west/pi-7", text)};
    }
    return NodeName{std::string(region), std::string(node)};
}

}  // namespace flyball
