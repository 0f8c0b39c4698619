#pragma once
// A text as JSON writes it: quoted, escaped, and always valid UTF-8 (a byte that belongs to no
// character becomes U+FFFD, so that a library's message in a foreign encoding cannot spoil a
// reply).

#include <string_view>

#include "schemas/byte_buffer.h"

namespace flyball {

void append_json_text(ByteBuffer& out, std::string_view text);

}  // namespace flyball
