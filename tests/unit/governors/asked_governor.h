#pragma once
// A governor of any type that tests speak to as a stranger would: a request goes in as JSON or
// msgpack bytes and a reply comes out as bytes. Time stands still until a test moves it; what the
// governor announces is kept as JSON.

#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "governors/governor.h"
#include "schemas/decode.h"
#include "schemas/writer.h"

namespace flyball {

using Json = nlohmann::json;

class AskedGovernor {
public:
    // `raw`: one governor's configuration as its file would give it. Its name is `main`.
    AskedGovernor(std::string type, std::unique_ptr<Rules> rules, const Tree::Map& raw,
                  const GovernorSettings& defaults = {}, std::uint64_t seed = 7,
                  ChangeSink* changes = nullptr);

    // On the plain request topic, on a tenant's, on the admin topic. The reply, parsed.
    Json ask(const Json& request);
    Json ask_as(std::string_view topic_tenant, const Json& request);
    Json ask_admin(const Json& request);

    struct Way {
        bool admin = false;
        bool on_tenant_topic = false;
        std::string_view topic_tenant{};
    };
    // The reply as it leaves. `payload` is one map.
    std::string reply_bytes(std::string_view payload, const Way& way);

    // The events since the last call, without `n` and `governor`, each as {"event": ..., "at":
    // ...}.
    std::vector<Json> take_events();
    // As the node does when it wakes up.
    void pass_time() { governor_.pass_time(now_, effect_, SIZE_MAX); }

    void pass(Span span) { now_ += span; }
    void turn_back_to(Instant at) { now_ = at; }
    void set_clock_known(bool known) { clock_known_ = known; }
    Instant now() const { return now_; }
    Governor& governor() { return governor_; }

private:
    class Events : public EventSink {
    public:
        void raise(const Event& event) override;
        std::vector<Json> raised;
    };

    Instant now_;
    bool clock_known_ = true;
    std::unique_ptr<Events> events_ = std::make_unique<Events>();
    Governor governor_;
    Effect effect_;
    Decoder decoder_;
    Writer writer_;
};

}  // namespace flyball
