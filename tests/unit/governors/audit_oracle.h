#pragma once
// The audit chain computed a second time, from what docs/protocol.md says and by other code: JSON
// documents with sorted keys turned into msgpack, hashed in one call.

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "tests/unit/governors/compliance_desk.h"

namespace flyball {

std::string sha256(std::string_view bytes);  // 32 bytes
std::string hex(std::string_view bytes);
std::string text_of(std::span<const std::byte> bytes);
std::string msgpack_of(const Json& document);
Json binary_of(std::string_view bytes);

// The record that a check of `kept` must have left, given what the reply said.
Json expected_check(const KeptRecord& kept, std::string_view action, std::int64_t at,
                    std::uint64_t seq, const ComplianceAnswer& answer);

}  // namespace flyball
