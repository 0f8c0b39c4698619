#pragma once
// Short names of content, by SHA-256. Any thread.

#include <string>
#include <string_view>

#include "schemas/tree.h"

namespace flyball {

// The first `digits` (at most 64) lower-case hex digits of the SHA-256 of `bytes`.
std::string sha256_hex(std::string_view bytes, std::size_t digits);

// The revision of a configuration: 12 hex digits of the SHA-256 of its canonical JSON.
std::string policy_rev(const Tree& configuration);

}  // namespace flyball
