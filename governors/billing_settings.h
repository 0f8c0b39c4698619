#pragma once
// The configuration of a billing governor. Faults name the key and what would be right.

#include <cstdint>
#include <string>

#include "schemas/result.h"
#include "schemas/tree.h"

namespace flyball {

// Charges and holds a minute; a thousand million is far above what a node decides.
inline constexpr std::int64_t billing_rate_max = 1'000'000'000;

struct BillingSettings {
    std::string currency = "USD";
    std::int64_t scale = 2;           // an amount counts 10^-scale of the currency
    std::int64_t opening_credit = 0;  // what an account begins with
    std::int64_t overage = 0;         // how far below zero it may go
    std::int64_t rate_limit = 100;    // charges and holds together, a minute; 0: unlimited
    std::int64_t low_at = 0;          // credit_low when less than this is available
    bool require_id = true;
};

Result<BillingSettings> read_billing_settings(const Tree& settings);
Tree billing_settings_tree(const BillingSettings& settings);

}  // namespace flyball
