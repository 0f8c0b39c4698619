#pragma once
// What must be known: an account that was opened, a subscription that was started, a feature that
// was granted for good. Until another op takes it away, or what said so may be lost, a node that
// answers as if it had never heard of it has lost state. A kill shows it first.

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "fleet/checker/fact.h"

namespace flyball::checker {

class Roll {
public:
    // What is wrong with it; nothing when all is well. `checks` counts.
    std::optional<std::string> take(const Fact& fact, std::uint64_t& checks);
    // Whether the op was done is not known.
    void doubt(const std::string& governor, const std::string& tenant, const std::string& op);
    // What later messages than `kept` did may be lost.
    void lost_after(std::uint64_t kept);
    void forget(const std::string& governor);

private:
    void clear(const std::string& prefix);
    std::optional<std::string> missing(const Fact& fact, std::uint64_t& checks) const;

    // By governor, tenant and what it is; of the first message since which it is there.
    std::map<std::string, std::uint64_t> known_;
};

}  // namespace flyball::checker
