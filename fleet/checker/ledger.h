#pragma once
// I2, the ledger: what a balance must be after what was charged and credited, and that an account
// adds up: balance = opening + credited - charged, held = the sum of its open holds.

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "fleet/checker/fact.h"

namespace flyball::checker {

class Ledger {
public:
    std::optional<std::string> take(const Fact& fact, std::uint64_t& checks);
    void doubt(const std::string& governor, const std::string& tenant);
    void lost_after(std::uint64_t kept);
    void forget(const std::string& governor);

private:
    struct Account {
        std::int64_t balance = 0;
        std::uint64_t n = 0;  // of the last message that changed it
    };
    static std::optional<std::int64_t> change(const Fact& fact);
    static std::optional<std::string> adds_up(const Fact& fact);

    std::map<std::string, Account> accounts_;  // of those it knows
};

}  // namespace flyball::checker
