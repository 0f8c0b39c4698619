#include "tests/unit/governors/asked_governor.h"

#include <gtest/gtest.h>

#include <utility>

#include "governors/settings.h"

namespace flyball {

namespace {

// A whole hour of 2026, so that windows of a minute and of ten seconds begin here.
constexpr Instant begin = instant_from_ms(1'767'225'600'000);

constexpr std::array<std::string_view, 3> features = {"batch", "brief", "dry-run"};

Governor make(std::string type, std::unique_ptr<Rules> rules, const Tree::Map& raw,
              const GovernorSettings& defaults, std::uint64_t seed, EventSink* events,
              ChangeSink* changes) {
    auto split = split_governor_settings(Tree(raw), defaults);
    EXPECT_TRUE(split.has_value()) << split.error().message;
    auto configured = rules->configure(split->second, begin);
    EXPECT_TRUE(configured.has_value()) << configured.error().message;
    Governor governor({.type = std::move(type),
                       .name = "main",
                       .settings = split->first,
                       .rules = std::move(rules),
                       .seed = seed,
                       .events = events,
                       .changes = changes});
    governor.set_policy_rev("0123456789ab");
    return governor;
}

}  // namespace

AskedGovernor::AskedGovernor(std::string type, std::unique_ptr<Rules> rules, const Tree::Map& raw,
                             const GovernorSettings& defaults, std::uint64_t seed,
                             ChangeSink* changes)
    : now_(begin),
      governor_(
          make(std::move(type), std::move(rules), raw, defaults, seed, events_.get(), changes)) {}

std::string AskedGovernor::reply_bytes(std::string_view payload, const Way& way) {
    const Payload decoded = decoder_.decode(payload);
    EXPECT_TRUE(decoded.good()) << decoded.fault.message;
    Request request;
    read_request(*decoded.root, decoded.encoding, request);
    const Occasion occasion{.now = now_,
                            .encoding = decoded.encoding,
                            .admin = way.admin,
                            .on_tenant_topic = way.on_tenant_topic,
                            .topic_tenant = way.topic_tenant,
                            .features = features,
                            .clock_known = clock_known_};
    Decided decided;
    governor_.decide(request, occasion, decided, effect_);
    writer_.restart(decoded.encoding);
    governor_.write(writer_, decided, now_);
    return std::string(writer_.bytes());
}

Json AskedGovernor::ask(const Json& request) {
    return Json::parse(reply_bytes(request.dump(), {}));
}

Json AskedGovernor::ask_as(std::string_view topic_tenant, const Json& request) {
    return Json::parse(
        reply_bytes(request.dump(), {.on_tenant_topic = true, .topic_tenant = topic_tenant}));
}

Json AskedGovernor::ask_admin(const Json& request) {
    return Json::parse(reply_bytes(request.dump(), {.admin = true}));
}

std::vector<Json> AskedGovernor::take_events() {
    return std::exchange(events_->raised, {});
}

void AskedGovernor::Events::raise(const Event& event) {
    Writer writer(Encoding::json);
    open_event(writer, event, 1);
    writer.end_map();
    Json json = Json::parse(writer.bytes());
    json.erase("n");
    json.erase("governor");
    raised.push_back(std::move(json));
}

}  // namespace flyball
