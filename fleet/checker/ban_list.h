#pragma once
// What an op forbade stays forbidden until another allows it: a feature revoked, a tenant
// suspended, a subscription paused or cancelled at once. Across crashes this is what a lost record
// shows first.

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "fleet/checker/fact.h"

namespace flyball::checker {

class BanList {
public:
    std::optional<std::string> take(const Fact& fact, std::uint64_t& checks);
    void doubt(const std::string& governor, const std::string& tenant);
    void lost_after(std::uint64_t kept);
    void forget(const std::string& governor);

private:
    struct Ban {
        std::string op;
        std::uint64_t n = 0;
    };
    // By what is banned; an empty name: everything.
    using Bans = std::map<std::string, Ban>;

    std::map<std::string, Bans> tenants_;
};

}  // namespace flyball::checker
