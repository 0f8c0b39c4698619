#pragma once
// UTF-8 well-formedness (RFC 3629: no surrogates, no overlong forms, up to U+10FFFF). Any thread.

#include <string_view>

namespace flyball {

bool valid_utf8(std::string_view text);
bool has_control_character(std::string_view text);  // U+0000-U+001F, U+007F, U+0080-U+009F

}  // namespace flyball
