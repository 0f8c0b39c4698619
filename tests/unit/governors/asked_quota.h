#pragma once
// A quota governor that tests speak to as a stranger would.

#include <cstdint>
#include <string_view>

#include "tests/unit/governors/asked_governor.h"

namespace flyball {

class AskedQuota : public AskedGovernor {
public:
    // `raw`: one governor's configuration as its file would give it, on top of `resources`.
    explicit AskedQuota(Tree::Map raw = {}, std::uint64_t seed = 7);

    // What is used of `resource`, asked without a trace but the number that the look takes.
    std::int64_t used(std::string_view tenant, std::string_view resource = "api_calls");
    // Every level of the tenant, without what each reply has of its own (seq).
    Json levels(std::string_view tenant);
};

// Ten calls a minute, three tokens a second, a hundred in ten seconds sliding, a gauge of 50.
Tree::Map small_resources();

}  // namespace flyball
