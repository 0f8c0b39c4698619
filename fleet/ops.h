#pragma once
// What the tool knows about the ops of a governor's type: for completion and for hints, never to
// refuse one. A node may know more types and ops than this table. Constant data.

#include <span>
#include <string_view>

namespace flyball {

struct KnownOp {
    std::string_view type;  // "control" for the node's own
    std::string_view name;
    bool admin = false;
};

std::span<const KnownOp> known_ops();
const KnownOp* find_op(std::string_view type, std::string_view name);

}  // namespace flyball
