#include "tests/unit/governors/asked_quota.h"

#include <utility>

#include "governors/quota.h"

namespace flyball {

namespace {

Tree::Map with_resources(Tree::Map raw) {
    raw.try_emplace("resources", small_resources());
    return raw;
}

}  // namespace

Tree::Map small_resources() {
    return {{"api_calls", Tree::Map{{"limit", 10}, {"window", "1m"}, {"algorithm", "fixed"}}},
            {"tokens", Tree::Map{{"limit", 3}, {"window", "1s"}, {"algorithm", "bucket"}}},
            {"slide", Tree::Map{{"limit", 100}, {"window", "10s"}, {"algorithm", "sliding"}}},
            {"disk", Tree::Map{{"limit", 50}, {"algorithm", "gauge"}}}};
}

AskedQuota::AskedQuota(Tree::Map raw, std::uint64_t seed)
    : AskedGovernor("quota", std::make_unique<Quota>(), with_resources(std::move(raw)), {}, seed) {}

std::int64_t AskedQuota::used(std::string_view tenant, std::string_view resource) {
    const Json reply = ask({{"tenant", tenant}, {"op", "get"}, {"dry_run", true}});
    return reply.at("resources").at(resource).at("used").get<std::int64_t>();
}

Json AskedQuota::levels(std::string_view tenant) {
    Json reply = ask_admin({{"tenant", tenant}, {"op", "get"}, {"dry_run", true}});
    reply.erase("seq");
    return reply;
}

}  // namespace flyball
