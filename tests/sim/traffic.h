#pragma once
// Seeded traffic for a whole node: requests of all five types and admits, on several governors
// each, from a few tenants, with ids that come again. The same seed gives the same requests.

#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <vector>

#include "node/engine.h"

namespace flyball::sim {

using Json = nlohmann::json;

constexpr const char* traffic_tenants[] = {"ann", "bob", "cyd", "dan"};

struct Asked {
    std::string below;  // the topic below the root
    Json request;
    std::int64_t pass_ms = 0;  // before it is asked
};

// Two governors of each type with small limits, so that everything happens soon.
// `variant`: the same with other limits, as after a change of the configuration file.
std::vector<std::pair<std::string, Tree>> governors(int variant = 0);
// Those, and one that control may add.
const std::vector<std::string>& traffic_titles();
Engine::Options engine_options();

class Traffic {
public:
    explicit Traffic(std::uint64_t seed) : random_(seed) {}
    Asked next();
    std::uint64_t pick(std::uint64_t below);

private:
    Json quota();
    Json billing();
    Json entitlement();
    Json compliance();
    Json subscription();
    Json admit();

    std::mt19937_64 random_;
    std::uint64_t ids_ = 0;
};

// An engine that is asked and whose replies are read.
class Desk : public EngineHost {
public:
    explicit Desk(Engine::Options options) : engine_(std::move(options)) {}
    Json ask(const Asked& asked, Instant now);
    Engine& engine() { return engine_; }
    // Everything that a stranger could find out, and the images of every tenant.
    std::string state(Instant now);

    // What waits while a large batch is in work, and is asked between its slices.
    void on_breath(std::function<void()> others) { others_ = std::move(others); }

    void send(const Message& message) override { reply_.assign(message.payload); }
    void breathe() override;
    void reply_topic_refused(std::string_view /*topic*/) override {}

private:
    Engine engine_;
    std::string reply_;
    std::function<void()> others_;
};

}  // namespace flyball::sim
