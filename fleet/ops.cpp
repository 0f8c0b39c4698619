#include "fleet/ops.h"

#include <algorithm>
#include <array>

namespace flyball {
namespace {

constexpr bool admin = true;

constexpr std::array ops{
    KnownOp{"entitlement", "check"},
    KnownOp{"entitlement", "get"},
    KnownOp{"entitlement", "grant", admin},
    KnownOp{"entitlement", "revoke", admin},
    KnownOp{"entitlement", "clear", admin},
    KnownOp{"entitlement", "set_tier", admin},
    KnownOp{"entitlement", "suspend", admin},
    KnownOp{"entitlement", "resume", admin},
    KnownOp{"entitlement", "forget", admin},
    KnownOp{"billing", "check"},
    KnownOp{"billing", "get"},
    KnownOp{"billing", "charge"},
    KnownOp{"billing", "hold"},
    KnownOp{"billing", "capture"},
    KnownOp{"billing", "release"},
    KnownOp{"billing", "topup", admin},
    KnownOp{"billing", "refund", admin},
    KnownOp{"billing", "set_overage", admin},
    KnownOp{"billing", "set_rate_limit", admin},
    KnownOp{"billing", "suspend", admin},
    KnownOp{"billing", "resume", admin},
    KnownOp{"billing", "forget", admin},
    KnownOp{"quota", "check"},
    KnownOp{"quota", "get"},
    KnownOp{"quota", "release"},
    KnownOp{"quota", "refund", admin},
    KnownOp{"quota", "reset", admin},
    KnownOp{"quota", "set_limit", admin},
    KnownOp{"quota", "set", admin},
    KnownOp{"quota", "forget", admin},
    KnownOp{"compliance", "check"},
    KnownOp{"compliance", "get"},
    KnownOp{"compliance", "report"},
    KnownOp{"compliance", "remediate", admin},
    KnownOp{"compliance", "forget", admin},
    KnownOp{"subscription", "check"},
    KnownOp{"subscription", "get"},
    KnownOp{"subscription", "start", admin},
    KnownOp{"subscription", "paid", admin},
    KnownOp{"subscription", "payment_failed", admin},
    KnownOp{"subscription", "pause", admin},
    KnownOp{"subscription", "resume", admin},
    KnownOp{"subscription", "cancel", admin},
    KnownOp{"subscription", "change_plan", admin},
    KnownOp{"subscription", "set_auto_renew", admin},
    KnownOp{"subscription", "forget", admin},
    KnownOp{"control", "list"},
    KnownOp{"control", "history"},
    KnownOp{"control", "add_governor"},
    KnownOp{"control", "remove_governor"},
    KnownOp{"control", "snapshot"},
    KnownOp{"control", "set_time"},
    KnownOp{"control", "reload"},
    KnownOp{"control", "trace"},
    KnownOp{"control", "profile"},
    KnownOp{"control", "drain"},
    KnownOp{"control", "fault"},
};

}  // namespace

std::span<const KnownOp> known_ops() {
    return ops;
}

const KnownOp* find_op(std::string_view type, std::string_view name) {
    const auto found = std::ranges::find_if(
        ops, [&](const KnownOp& op) { return op.type == type && op.name == name; });
    return found == ops.end() ? nullptr : &*found;
}

}  // namespace flyball
