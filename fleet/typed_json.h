#pragma once
// Keys of a document that a stranger wrote, by the type that they should have: what is not there,
// or of another type, is empty, nothing or 0; so it is when the document is no map. Never throws.
// Pure. Any thread.

#include <cstdint>
#include <optional>
#include <string>

#include "fleet/payload.h"

namespace flyball {

std::string text_at(const Json& map, const char* key);
std::optional<std::int64_t> integer_at(const Json& map, const char* key);
std::int64_t count_at(const Json& map, const char* key);  // never below 0
const Json& map_at(const Json& map, const char* key);     // an empty one
const Json& array_at(const Json& map, const char* key);   // an empty one

}  // namespace flyball
