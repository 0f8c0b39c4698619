#include "fleet/checker/ledger.h"

#include <algorithm>

namespace flyball::checker {

// Nothing: it cannot be told from outside.
std::optional<std::int64_t> Ledger::change(const Fact& fact) {
    if (fact.replayed || !fact.allowed) {
        return 0;
    }
    const std::int64_t amount = integer(fact.request, "amount", -1);
    if (fact.op == "charge") {
        return -amount;
    }
    if (fact.op == "topup" || fact.op == "refund") {
        return amount;
    }
    if (fact.op == "capture") {
        return amount >= 0 ? std::optional(-amount) : std::nullopt;
    }
    return 0;
}

std::optional<std::string> Ledger::adds_up(const Fact& fact) {
    const Json& reply = fact.reply;
    if (!reply.contains("opening") || !reply.contains("holds")) {
        return std::nullopt;
    }
    const std::int64_t balance = integer(reply, "balance", 0);
    const std::int64_t due = integer(reply, "opening", 0) + integer(reply, "credited_total", 0) -
                             integer(reply, "charged_total", 0);
    std::int64_t held = 0;
    for (const Json& hold : reply.at("holds")) {
        held += integer(hold, "expires_in_ms", 0) > 0 ? integer(hold, "amount", 0) : 0;
    }
    if (balance != due) {
        return "balance " + std::to_string(balance) + " is not opening + credited - charged, " +
               std::to_string(due);
    }
    if (held != integer(reply, "held", 0)) {
        return "held " + std::to_string(integer(reply, "held", 0)) +
               " is not the sum of open holds, " + std::to_string(held);
    }
    return std::nullopt;
}

std::optional<std::string> Ledger::take(const Fact& fact, std::uint64_t& checks) {
    const std::string key = key_of(fact.governor, fact.tenant);
    if (fact.op == "forget") {
        accounts_.erase(key);
        return std::nullopt;
    }
    if (!fact.reply.contains("balance")) {
        return std::nullopt;
    }
    const std::string who = fact.governor + " " + fact.tenant + ": ";
    ++checks;
    if (const auto wrong = adds_up(fact)) {
        return who + *wrong;
    }
    const std::int64_t balance = integer(fact.reply, "balance", 0);
    const auto known = accounts_.find(key);
    const auto change = Ledger::change(fact);
    const bool changes = change != std::optional<std::int64_t>(0);
    if (known == accounts_.end() || !change) {
        accounts_[key] = {balance, fact.n};
        return std::nullopt;
    }
    const std::int64_t expected = known->second.balance + *change;
    known->second.balance = balance;
    known->second.n = changes ? fact.n : known->second.n;
    if (balance == expected) {
        return std::nullopt;
    }
    return who + "balance " + std::to_string(balance) + " after " + fact.op + ", by the ledger " +
           std::to_string(expected);
}

void Ledger::doubt(const std::string& governor, const std::string& tenant) {
    accounts_.erase(key_of(governor, tenant));
}

void Ledger::lost_after(std::uint64_t kept) {
    std::erase_if(accounts_, [kept](const auto& row) { return row.second.n > kept; });
}

void Ledger::forget(const std::string& governor) {
    std::erase_if(accounts_,
                  [&](const auto& row) { return row.first.starts_with(governor + '\n'); });
}

}  // namespace flyball::checker
