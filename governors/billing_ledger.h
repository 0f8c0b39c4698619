#pragma once
// The arithmetic of one prepaid account, without its holds' names: totals that only grow, what is
// held, and the token bucket of its charges. Plain values, exact integers; sums are made in 128
// bits. Always: balance = opening + credited - charged.

#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

#include "governors/billing_settings.h"
#include "schemas/time.h"

namespace flyball {

// A bound of at least 0 that one account may have of its own: a std::optional in half its bytes.
class OwnBound {
public:
    OwnBound() = default;
    OwnBound(std::int64_t bound) : bound_(bound) {}
    explicit operator bool() const { return bound_ != of_all; }
    std::int64_t operator*() const { return bound_; }
    std::int64_t value_or(std::int64_t otherwise) const { return *this ? bound_ : otherwise; }
    bool operator==(const OwnBound&) const = default;

private:
    static constexpr std::int64_t of_all = -1;
    std::int64_t bound_ = of_all;
};

struct BillingLedger {
    bool open = false;
    bool suspended = false;
    bool low = false;  // credit_low was raised and the credit is not back
    std::int64_t opening = 0;
    std::int64_t charged = 0;   // in all
    std::int64_t credited = 0;  // topups and refunds, in all
    std::int64_t held = 0;      // the sum of the open holds
    OwnBound overage{};
    OwnBound rate_limit{};
    // The bucket: tokens gone, in 60,000ths (milliseconds of a minute), as of `bucket_at`.
    std::int64_t gone = 0;
    Instant bucket_at{};

    bool operator==(const BillingLedger&) const = default;

    static BillingLedger opened(const BillingSettings& settings);
    // In this order no sum on the way is larger than the last.
    std::int64_t balance() const { return opening - charged + credited; }
    // Negative when an overage was lowered below what is used.
    std::int64_t available(const BillingSettings& settings) const;
    // Whether every sum of it fits 64 bits once `credit` is added and the overage is `allowed`,
    // also when nothing is held any more.
    bool fits(std::int64_t credit, std::int64_t allowed) const;
    // Whether `amount` could ever be counted as charged, what is held besides.
    bool can_count(std::int64_t amount) const {
        return amount <= std::numeric_limits<std::int64_t>::max() - charged - held;
    }
    std::string_view state() const;

    std::int64_t rate(const BillingSettings& settings) const {
        return rate_limit.value_or(settings.rate_limit);
    }
    // Brings the bucket up to `now` at `per_minute` tokens.
    void refill(std::int64_t per_minute, Instant now);
    // Takes a token of a refilled bucket; else how long until there is one.
    std::optional<std::int64_t> take_token(std::int64_t per_minute);
};

}  // namespace flyball
