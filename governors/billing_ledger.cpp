#include "governors/billing_ledger.h"

#include <algorithm>

#include "schemas/wide.h"

namespace flyball {

namespace {

constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t least = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t token = 60'000;  // in 60,000ths

std::int64_t clamped(Wide sum) {
    return static_cast<std::int64_t>(std::clamp<Wide>(sum, least, most));
}

}  // namespace

BillingLedger BillingLedger::opened(const BillingSettings& settings) {
    BillingLedger ledger;
    ledger.open = true;
    ledger.opening = settings.opening_credit;
    ledger.low = ledger.available(settings) < settings.low_at;
    return ledger;
}

std::int64_t BillingLedger::available(const BillingSettings& settings) const {
    return clamped(Wide{balance()} - held + overage.value_or(settings.overage));
}

bool BillingLedger::fits(std::int64_t credit, std::int64_t allowed) const {
    const Wide balance_then = Wide{opening} + credited + credit - charged;
    return Wide{credited} + credit <= most && balance_then <= most &&
           balance_then + allowed <= most;
}

std::string_view BillingLedger::state() const {
    if (suspended) {
        return "suspended";
    }
    return balance() < 0 ? "overage" : "active";
}

void BillingLedger::refill(std::int64_t per_minute, Instant now) {
    if (now > bucket_at) {
        const Wide came = Wide{(now - bucket_at).count()} * per_minute;
        gone = static_cast<std::int64_t>(std::max<Wide>(gone - came, 0));
        bucket_at = now;
    }
}

std::optional<std::int64_t> BillingLedger::take_token(std::int64_t per_minute) {
    if (per_minute == 0) {
        return std::nullopt;
    }
    // A limit that was lowered leaves at most a whole bucket to wait for.
    gone = std::min(gone, per_minute * token);
    const std::int64_t over = gone + token - per_minute * token;
    if (over > 0) {
        return (over + per_minute - 1) / per_minute;
    }
    gone += token;
    return std::nullopt;
}

}  // namespace flyball
