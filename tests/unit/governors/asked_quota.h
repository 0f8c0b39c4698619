#pragma once
// A quota governor that tests speak to as a stranger would: a request goes in as JSON or msgpack
// bytes and a reply comes out as bytes. Time stands still until a test moves it.

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "governors/governor.h"
#include "schemas/decode.h"
#include "schemas/writer.h"

namespace flyball {

using Json = nlohmann::json;

class AskedQuota {
public:
    // `raw`: one governor's configuration as its file would give it, on top of `resources`.
    explicit AskedQuota(Tree::Map raw = {}, std::uint64_t seed = 7);

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

    // What is used of `resource`, asked without a trace but the number that the look takes.
    std::int64_t used(std::string_view tenant, std::string_view resource = "api_calls");
    // Every level of the tenant, without what each reply has of its own (seq).
    Json levels(std::string_view tenant);

    void pass(Span span) { now_ += span; }
    void turn_back_to(Instant at) { now_ = at; }
    Instant now() const { return now_; }
    Governor& governor() { return governor_; }

private:
    Instant now_;
    Governor governor_;
    Decoder decoder_;
    Writer writer_;
};

// Ten calls a minute, three tokens a second, a hundred in ten seconds sliding, a gauge of 50.
Tree::Map small_resources();

}  // namespace flyball
