#pragma once
// Requests as people type them: `key=value` with `a.b=1` for nested maps, and batches from a file.
// A value is JSON when it parses, else a string; digits that no 64-bit integer holds stay a string,
// so that no number is ever rounded. Pure but for read_batch, which reads a file. Any thread.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fleet/payload.h"
#include "schemas/result.h"

namespace flyball {

Json parse_value(std::string_view text);

// Adds one `key=value` to the map `request`; fails (usage) on a key given twice, an empty part of a
// key, or a key below something that is no map.
Result<bool> add_key_value(Json& request, std::string_view word);
Result<Json> parse_key_values(std::span<const std::string> words);

// A JSON array of maps, or one JSON map a line; blank lines do not count. `name` is for messages.
Result<std::vector<Json>> parse_batch(std::string_view text, std::string_view name);
// "-" is the standard input.
Result<std::vector<Json>> read_batch(const std::string& file);

}  // namespace flyball
