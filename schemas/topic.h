#pragma once
// Every topic below a node's root: formatted and parsed here and nowhere else. Formats into a
// caller's buffer, parses into views of the topic; no allocation but for a tenant that carries
// percent-encoded bytes, which is decoded into the parser's own small buffer.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/limits.h"

namespace flyball {

struct Root {
    std::string prefix = "flyball/v1";
    std::string region = "local";
    std::string node;

    std::string text() const;  // prefix/region/node
};

enum class Channel : std::uint8_t {
    request,   // <type>/<name>/request[/<tenant>]; or admit/request[/<tenant>] with type "admit"
    admin,     // <type>/<name>/admin
    decision,  // <type>/<name>/decision[/<tenant>]
    event,     // <type>/<name>/event
    control,
    control_reply,
    health,
    trace,
    tick,  // _tick: the node's message to itself that keeps its MQTT client's threads awake
    wake,  // _wake: likewise, to the broker that it is in, which sleeps
};

struct Topic {
    Channel channel = Channel::health;
    std::string_view type{};  // "admit" for the admit channels, else empty where there is none
    std::string_view name{};
    std::string_view title{};  // "type/name" as it stands in the topic; empty where it does not
    bool has_tenant = false;
    bool tenant_canonical = true;     // false: the level is not the canonical percent-encoding
    std::string_view tenant{};        // decoded; empty when the level is not canonical
    std::string_view tenant_level{};  // as it stands in the topic; append_topic() prefers it
};

class TopicParser {
public:
    explicit TopicParser(const Root& root);
    // Nothing when the topic is not one of ours. The views live until the next parse or as long as
    // `topic`, whichever is shorter. A level that could be read as admit's is:
    // `admit/request/admin` is tenant `admin` asking admit, never an admin topic.
    std::optional<Topic> parse(std::string_view topic) {
        Topic parsed;
        return parse(topic, parsed) ? std::optional(parsed) : std::nullopt;
    }
    // The same into a fresh topic; false: none of ours.
    bool parse(std::string_view topic, Topic& parsed);
    // What stands where "type/name" does when `topic` ends as a governor's requests do, unparsed:
    // for whoever knows all titles. Empty: it ends otherwise.
    std::string_view asked_title(std::string_view topic) const;

private:
    std::string root_;  // with the trailing slash
    std::array<char, 3 * tenant_bytes_max> tenant_{};
};

// Appends the topic to `out`. A tenant is percent-encoded where it has / + # % or starts with $.
void append_topic(std::string& out, const Root& root, const Topic& topic);
void append_encoded_tenant(std::string& out, std::string_view tenant);
// Nothing when `level` is not the canonical encoding of a tenant of 1 to 64 bytes.
std::optional<std::string_view> decode_tenant(std::string_view level,
                                              std::array<char, 3 * tenant_bytes_max>& buffer);

// The filters a node subscribes to, in order.
std::vector<std::string> request_filters(const Root& root, bool tenant_topics_only);

// A topic a publisher may use: 1 to bytes_max bytes of UTF-8, no + or #, no NUL or control
// character, not starting with $.
bool valid_publish_topic(std::string_view topic, std::size_t bytes_max);

// Whether the node may publish a reply for a stranger to `topic` (docs/protocol.md, reply topics).
class ReplyPolicy {
public:
    // `prefixes`: mqtt.reply_prefixes. "*/reply/" means a level `reply` anywhere, anything else is
    // a literal start; neither ever opens what is below the node's own prefix. An entry is never
    // empty.
    ReplyPolicy(const Root& root, std::vector<std::string> prefixes);
    // `tenant_level`: the encoded tenant of a request on a tenant topic, else empty.
    bool allows(std::string_view topic, std::string_view tenant_level) const;

private:
    std::string below_;  // "<prefix>/"
    std::string reply_;  // "<prefix>/reply/"
    std::vector<std::string> prefixes_;
};

}  // namespace flyball
