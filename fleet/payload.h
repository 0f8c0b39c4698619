#pragma once
// Payloads as the tool sees them: a document in which keys keep their order and 64-bit integers
// stay exact. Reads what strangers publish: never throws, and refuses nesting that could exhaust
// the stack. Any thread.

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "schemas/result.h"

namespace flyball {

using Json = nlohmann::ordered_json;

enum class WireFormat : std::uint8_t { msgpack, json };

inline constexpr int payload_nesting_max = 32;  // the protocol's own documents need 8

// msgpack when the first byte is a msgpack map or array, else JSON; nothing when it is neither.
std::optional<Json> decode_payload(std::string_view bytes);
// JSON text only, as people write it in files and arguments.
std::optional<Json> parse_json(std::string_view text);
// Fails (usage) when a text in `document` is not UTF-8.
Result<std::string> encode_payload(const Json& document, WireFormat format);
// JSON on one line; bytes that are not UTF-8 become U+FFFD.
std::string json_text(const Json& document);

}  // namespace flyball
