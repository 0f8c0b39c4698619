#pragma once
// What has to be asked of a device before the clock starts: accounts topped up, subscriptions
// started, and for a tenth of the tenants a quota that will run out, through `admin`, in batches.
// And the way back. Pure.

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "fleet/load/mix.h"

namespace flyball {

struct AdminBatch {
    std::string below;       // "billing/main/admin"
    nlohmann::json entries;  // an array
};

constexpr std::int64_t opening_amount = 2'000;  // a busy tenant's charges run it dry
constexpr std::int64_t tight_limit = 6;

std::vector<AdminBatch> opening_of(Mix& mix);
// `forget` for each tenant in each governor.
std::vector<AdminBatch> clearing_of(const Mix& mix);
// The first error in a reply to such a batch that is none of those that mean "was open already";
// empty when there is none.
std::string trouble_in(const nlohmann::json& reply);

}  // namespace flyball
