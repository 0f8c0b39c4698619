#pragma once
// What the texts of a configuration must look like, and which settings contradict each other. Pure.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "node/settings.h"

namespace flyball {

bool valid_broker(std::string_view text);
bool valid_short_text(std::string_view text);     // 1 to 256 bytes, no control characters
bool valid_optional_text(std::string_view text);  // the same, or empty
bool valid_path(std::string_view text);           // also empty: not used
bool valid_full_path(std::string_view text);
bool valid_prefix(std::string_view text);
bool valid_reply_prefix(std::string_view text);
bool valid_op_name(std::string_view text);

// The broker's address is one of the kinds that speak TLS.
bool uses_tls(std::string_view broker);

// Settings that are each right but not together: the key to change, and a sentence.
std::vector<std::pair<std::string_view, std::string>> contradictions(const NodeSettings& settings);

}  // namespace flyball
