#include "tests/unit/node/asked_engine.h"

#include <gtest/gtest.h>

#include <utility>

namespace flyball {

Sent::Sent(const Message& message)
    : topic(message.topic),
      payload(message.payload),
      correlation_data(message.correlation_data),
      content_type(message.content_type),
      traceparent(message.traceparent),
      tracestate(message.tracestate),
      qos(message.qos),
      retain(message.retain),
      utf8_payload(message.utf8_payload) {}

Engine::Options AskedEngine::settings() {
    Engine::Options options;
    options.root = Root{"flyball/v1", "eu-west", "pi-7"};
    options.reply_prefixes = {"*/reply/", "*/response/", "clients/"};
    options.seed = 7;
    return options;
}

AskedEngine::AskedEngine(Engine::Options options, Tree::Map quota)
    : engine_(std::move(options)), now_(instant_from_ms(1'767'225'600'000)) {
    const auto added = engine_.registry().add("quota", "main", Tree(std::move(quota)), now_);
    EXPECT_TRUE(added.has_value()) << added.error().message;
}

std::vector<Sent> AskedEngine::handle(const Message& message, const Arrival& arrival) {
    const std::size_t before = sent_.size();
    engine_.handle(message, arrival, now_, *this);
    return {sent_.begin() + static_cast<std::ptrdiff_t>(before), sent_.end()};
}

Sent AskedEngine::one(const Message& message, const Arrival& arrival) {
    const std::vector<Sent> sent = handle(message, arrival);
    EXPECT_EQ(sent.size(), 1U) << message.topic << " " << message.payload.substr(0, 200);
    return sent.empty() ? Sent(Message{.topic = "", .payload = "{}"}) : sent.back();
}

Json AskedEngine::ask(std::string_view below, const Json& payload) {
    const std::string topic = below_root(below);
    const std::string bytes = payload.dump();
    return one({.topic = topic, .payload = bytes}).json();
}

std::int64_t AskedEngine::used(std::string_view tenant) {
    const Json reply = ask({{"tenant", tenant}, {"op", "get"}, {"dry_run", true}});
    return reply.at("resources").at("api_calls").at("used").get<std::int64_t>();
}

void AskedEngine::breathe() {
    ++breaths_;
    if (breath_) {
        breath_();
    }
}

std::string below_root(std::string_view below) {
    return std::string("flyball/v1/eu-west/pi-7/").append(below);
}

std::string packed(const Json& value) {
    const std::vector<std::uint8_t> bytes = Json::to_msgpack(value);
    return {bytes.begin(), bytes.end()};
}

}  // namespace flyball
