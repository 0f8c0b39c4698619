#include "governors/billing_settings.h"

#include <algorithm>
#include <limits>
#include <string_view>

namespace flyball {

namespace {

constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t scale_max = 18;  // one whole unit still fits 64 bits
constexpr std::size_t currency_bytes_max = 12;

struct Amount {
    std::string_view key;
    std::int64_t BillingSettings::*member;
    std::int64_t max;
    std::string_view expected;
};
constexpr Amount amounts[] = {
    {"scale", &BillingSettings::scale, scale_max, "an integer from 0 to 18"},
    {"opening_credit", &BillingSettings::opening_credit, most, "an integer of at least 0"},
    {"overage", &BillingSettings::overage, most, "an integer of at least 0"},
    {"rate_limit", &BillingSettings::rate_limit, billing_rate_max,
     "an integer from 0 to 1000000000"},
    {"low_at", &BillingSettings::low_at, most, "an integer of at least 0"},
};

Error wrong(std::string key, std::string_view expected) {
    return {ErrorCode::usage, std::move(key.append(": must be ").append(expected))};
}

bool valid_currency(std::string_view text) {
    return !text.empty() && text.size() <= currency_bytes_max &&
           std::ranges::all_of(
               text, [](char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); });
}

}  // namespace

Result<BillingSettings> read_billing_settings(const Tree& settings) {
    BillingSettings read;
    for (const auto& [key, value] : *settings.map()) {
        const auto amount = std::ranges::find(amounts, key, &Amount::key);
        if (amount != std::end(amounts)) {
            const std::int64_t* number = value.integer();
            if (number == nullptr || *number < 0 || *number > amount->max) {
                return wrong(key, amount->expected);
            }
            read.*(amount->member) = *number;
        } else if (key == "currency") {
            if (value.text() == nullptr || !valid_currency(*value.text())) {
                return wrong(key, "1 to 12 of A to Z and 0 to 9, such as \"EUR\"");
            }
            read.currency = *value.text();
        } else if (key == "require_id") {
            if (value.boolean() == nullptr) {
                return wrong(key, "true or false");
            }
            read.require_id = *value.boolean();
        } else {
            return Error{ErrorCode::usage,
                         key +
                             ": unknown; known are currency, scale, opening_credit, overage, "
                             "rate_limit, low_at, require_id"};
        }
    }
    if (read.opening_credit > most - read.overage) {
        return wrong("overage", "small enough to fit 64 bits together with opening_credit");
    }
    return read;
}

Tree billing_settings_tree(const BillingSettings& settings) {
    Tree::Map map{{"currency", settings.currency}, {"require_id", settings.require_id}};
    for (const Amount& amount : amounts) {
        map.emplace(std::string(amount.key), settings.*(amount.member));
    }
    return map;
}

}  // namespace flyball
