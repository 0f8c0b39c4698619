#pragma once
// An engine with one quota governor, spoken to message by message; what it sends is kept. Time
// stands still until a test moves it.

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "node/engine.h"

namespace flyball {

using Json = nlohmann::json;

// A message that owns its bytes.
struct Sent {
    explicit Sent(const Message& message);
    Json json() const { return Json::parse(payload); }
    Json msgpack() const { return Json::from_msgpack(payload); }

    std::string topic;
    std::string payload;
    std::string correlation_data;
    std::string content_type;
    std::string traceparent;
    std::string tracestate;
    Qos qos;
    bool retain;
    bool utf8_payload;
};

class AskedEngine final : public EngineHost {
public:
    AskedEngine() : AskedEngine(settings()) {}
    explicit AskedEngine(Engine::Options options, Tree::Map quota = {});
    static Engine::Options settings();

    // What was sent while the message was in work.
    std::vector<Sent> handle(const Message& message, const Arrival& arrival = {});
    // Exactly one message must be sent; it is returned.
    Sent one(const Message& message, const Arrival& arrival = {});
    // The request on `below` the root, without a Response Topic; its reply.
    Json ask(std::string_view below, const Json& payload);
    Json ask(const Json& payload) { return ask("quota/main/request", payload); }
    std::int64_t used(std::string_view tenant);

    void send(const Message& message) override { sent_.emplace_back(message); }
    void breathe() override;
    void reply_topic_refused(std::string_view topic) override { refused_.emplace_back(topic); }

    Engine& engine() { return engine_; }
    Instant now() const { return now_; }
    void pass(Span time) { now_ += time; }
    void on_breath(std::function<void()> action) { breath_ = std::move(action); }
    const std::vector<Sent>& sent() const { return sent_; }
    int breaths() const { return breaths_; }
    const std::vector<std::string>& refused() const { return refused_; }

private:
    Engine engine_;
    Instant now_;
    std::vector<Sent> sent_;
    std::vector<std::string> refused_;
    std::function<void()> breath_;
    int breaths_ = 0;
};

std::string below_root(std::string_view below);
std::string packed(const Json& value);

}  // namespace flyball
