#include "fleet/checker/fleet_checker.h"

namespace flyball::checker {

namespace {

void name_violations(const std::string& node, const Checker& checker,
                     std::vector<std::string>& all) {
    for (const std::string& violation : checker.violations()) {
        all.push_back(node + ": " + violation);
    }
}

}  // namespace

Checker& FleetChecker::of(const std::string& node) {
    const auto [at, fresh] = nodes_.try_emplace(node);
    if (fresh) {
        at->second.hold_to_ids(ids_max);
    }
    return at->second;
}

void FleetChecker::forget(const std::string& node) {
    const auto found = nodes_.find(node);
    if (found == nodes_.end()) {
        return;
    }
    gone_.add_counts(found->second);
    name_violations(node, found->second, of_gone_);
    nodes_.erase(found);
}

std::vector<InvariantLine> FleetChecker::lines() const {
    std::vector<InvariantLine> lines;
    for (std::size_t number = 1; number < invariants; ++number) {
        InvariantLine line{name_of(static_cast<Invariant>(number)), gone_.checks()[number],
                           gone_.broken()[number]};
        for (const auto& [node, checker] : nodes_) {
            line.checks += checker.checks()[number];
            line.violations += checker.broken()[number];
        }
        lines.push_back(std::move(line));
    }
    return lines;
}

std::vector<std::string> FleetChecker::violations() const {
    std::vector<std::string> all = of_gone_;
    for (const auto& [node, checker] : nodes_) {
        name_violations(node, checker, all);
    }
    return all;
}

}  // namespace flyball::checker
