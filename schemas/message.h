#pragma once
// One application message as it crosses the transport seam, either way: MQTT 5 words, plain views.
// The bytes belong to whoever hands the message over and are valid for that call only.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace flyball {

enum class Qos : std::uint8_t { at_most_once = 0, at_least_once = 1 };

struct Message {
    std::string_view topic{};
    std::string_view payload{};
    Qos qos = Qos::at_most_once;
    bool retain = false;
    // MQTT 5 properties; empty or absent on a 3.1.1 connection.
    std::string_view response_topic{};
    bool has_response_topic = false;  // an empty Response Topic is present and not allowed
    std::string_view correlation_data{};
    std::string_view content_type{};
    std::string_view traceparent{};           // user property, W3C Trace Context
    std::string_view tracestate{};            // user property, W3C Trace Context
    std::optional<std::uint32_t> expiry_s{};  // Message Expiry Interval, seconds
    bool utf8_payload = false;                // Payload Format Indicator 1

    // Of everything that has a length. A peer may send 64 KiB of each property.
    std::size_t bytes() const {
        return topic.size() + payload.size() + response_topic.size() + correlation_data.size() +
               content_type.size() + traceparent.size() + tracestate.size();
    }
};

}  // namespace flyball
