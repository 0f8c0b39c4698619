#pragma once
// An engine with governors of every type, asked with single requests and with admits; time stands
// still until a test moves it. What it raised and noted is kept, and its whole state can be seen.

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "node/engine.h"

namespace flyball {

using Json = nlohmann::json;

class AdmitDesk final : public EngineHost {
public:
    using Configured = std::vector<std::pair<std::string, Tree::Map>>;  // by "type/name"
    AdmitDesk() : AdmitDesk(usual()) {}
    explicit AdmitDesk(const Configured& governors, Engine::Options options = settings());
    // One governor of each type, and a second quota and entitlement.
    static Configured usual();
    // The same, one of them with this configuration instead.
    static Configured usual_but(std::string_view title, const Tree::Map& raw);
    static Engine::Options settings();

    // Each request names its tenant unless it is `acme`.
    Json admit(Json request);
    Json ask(std::string_view below, Json request);
    Json admin(std::string_view title, Json request);
    // The answer's bytes, on any topic below the root.
    std::string bytes(std::string_view below, std::string_view payload);

    // What `get` says of a tenant, without what every decision moves.
    Json level(std::string_view title, std::string_view tenant = "acme");
    std::int64_t used(std::string_view resource = "api_calls", std::string_view name = "main");
    std::int64_t balance() { return level("billing/main").at("balance"); }
    // What decisions change: per governor its number, counts and history, per tenant its levels
    // and images. The audit chain stands apart: an admit's denial may add to it.
    Json picture(const std::vector<std::string>& tenants = {"acme"});
    std::uint64_t chain_length();

    // Since the last call; without `n`.
    std::vector<Json> take_events() { return std::exchange(told_.events, {}); }
    struct Noted {
        Change::Kind kind;
        std::string governor;
        std::string tenant;
        std::uint64_t seq;
        bool in_history;
    };
    std::vector<Noted> take_noted() { return std::exchange(told_.noted, {}); }

    void pass(Span span) { now_ += span; }
    // As the node does when it wakes up.
    void wake() { engine_.pass_time(now_); }
    Instant now() const { return now_; }
    Engine& engine() { return engine_; }
    Governor& governor(std::string_view title) { return *engine_.registry().find(title); }

    void send(const Message& message) override { reply_ = message.payload; }
    void breathe() override {}
    void reply_topic_refused(std::string_view /*topic*/) override {}

private:
    struct Told final : EventSink, ChangeSink {
        void raise(const Event& event) override;
        void note(const Change& change) override;
        void note(const GovernorChange& /*change*/) override {}
        void end_decision() override {}
        std::vector<Json> events;
        std::vector<Noted> noted;
    };
    Json shown(Governor& governor, const std::string& tenant);
    Json dry(Governor& governor, Json request);
    static Engine::Options heard(Engine::Options options, Told& told);

    Told told_;
    Engine engine_;
    Instant now_;
    std::string reply_;
    std::map<std::string, std::uint64_t> questions_;  // of this desk, which take numbers too
};

}  // namespace flyball
