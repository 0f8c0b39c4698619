#pragma once
// A checker for each node of a fleet, and what they found together. One thread at a time; the
// owner of the load feeds it.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "fleet/checker/checker.h"

namespace flyball::checker {

struct InvariantLine {
    std::string name;
    std::uint64_t checks = 0;
    std::uint64_t violations = 0;
};

class FleetChecker {
public:
    // Retries come within seconds; 64 ids are a minute of a governor in a fleet.
    static constexpr std::uint64_t ids_max = 64;

    Checker& of(const std::string& node);  // "eu-west/pi-7"
    void forget(const std::string& node);  // removed for good; its counts stay

    std::vector<InvariantLine> lines() const;
    // "eu-west/pi-7: I1 never over-grant: ..."; some of each node.
    std::vector<std::string> violations() const;

private:
    std::map<std::string, Checker> nodes_;
    Checker gone_;  // the counts of those that were removed
    std::vector<std::string> of_gone_;
};

}  // namespace flyball::checker
