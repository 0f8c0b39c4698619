#include "tests/unit/governors/asked_quota.h"

#include <gtest/gtest.h>

#include <utility>

#include "governors/quota.h"
#include "governors/settings.h"

namespace flyball {

namespace {

// A whole hour of 2026, so that windows of a minute and of ten seconds begin here.
constexpr Instant begin = instant_from_ms(1'767'225'600'000);

constexpr std::array<std::string_view, 3> features = {"batch", "brief", "dry-run"};

Governor make(const Tree::Map& raw, std::uint64_t seed) {
    auto split = split_governor_settings(Tree(raw), GovernorSettings{});
    EXPECT_TRUE(split.has_value()) << split.error().message;
    auto rules = std::make_unique<Quota>();
    auto configured = rules->configure(split->second, begin);
    EXPECT_TRUE(configured.has_value()) << configured.error().message;
    Governor governor({.type = "quota",
                       .name = "main",
                       .settings = split->first,
                       .rules = std::move(rules),
                       .seed = seed});
    governor.set_policy_rev("0123456789ab");
    return governor;
}

}  // namespace

Tree::Map small_resources() {
    return {{"api_calls", Tree::Map{{"limit", 10}, {"window", "1m"}, {"algorithm", "fixed"}}},
            {"tokens", Tree::Map{{"limit", 3}, {"window", "1s"}, {"algorithm", "bucket"}}},
            {"slide", Tree::Map{{"limit", 100}, {"window", "10s"}, {"algorithm", "sliding"}}},
            {"disk", Tree::Map{{"limit", 50}, {"algorithm", "gauge"}}}};
}

AskedQuota::AskedQuota(Tree::Map raw, std::uint64_t seed)
    : now_(begin), governor_([&] {
          raw.try_emplace("resources", small_resources());
          return make(raw, seed);
      }()) {}

std::string AskedQuota::reply_bytes(std::string_view payload, const Way& way) {
    const Payload decoded = decoder_.decode(payload);
    EXPECT_TRUE(decoded.good()) << decoded.fault.message;
    Request request;
    read_request(*decoded.root, decoded.encoding, request);
    const Occasion occasion{.now = now_,
                            .encoding = decoded.encoding,
                            .admin = way.admin,
                            .on_tenant_topic = way.on_tenant_topic,
                            .topic_tenant = way.topic_tenant,
                            .features = features};
    Decided decided;
    governor_.decide(request, occasion, decided);
    writer_.restart(decoded.encoding);
    governor_.write(writer_, decided, now_);
    return std::string(writer_.bytes());
}

Json AskedQuota::ask(const Json& request) {
    return Json::parse(reply_bytes(request.dump(), {}));
}

Json AskedQuota::ask_as(std::string_view topic_tenant, const Json& request) {
    return Json::parse(
        reply_bytes(request.dump(), {.on_tenant_topic = true, .topic_tenant = topic_tenant}));
}

Json AskedQuota::ask_admin(const Json& request) {
    return Json::parse(reply_bytes(request.dump(), {.admin = true}));
}

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
