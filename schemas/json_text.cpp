#include "schemas/json_text.h"

#include "schemas/utf8.h"

namespace flyball {

namespace {

bool plain(char c) {
    const unsigned byte = static_cast<unsigned char>(c);
    return byte >= 0x20 && byte < 0x80 && c != '"' && c != '\\';
}

void append_escape(ByteBuffer& out, char c) {
    constexpr std::string_view hex = "0123456789abcdef";
    switch (c) {
        case '"': out.append("\\\""); return;
        case '\\': out.append("\\\\"); return;
        case '\n': out.append("\\n"); return;
        case '\r': out.append("\\r"); return;
        case '\t': out.append("\\t"); return;
        default: break;
    }
    const unsigned byte = static_cast<unsigned char>(c);
    out.append("\\u00");
    out.push_back(hex[byte >> 4]);
    out.push_back(hex[byte & 0xF]);
}

}  // namespace

void append_json_text(ByteBuffer& out, std::string_view text) {
    out.push_back('"');
    while (!text.empty()) {
        std::size_t run = 0;
        while (run < text.size() && plain(text[run])) {
            ++run;
        }
        out.append(text.substr(0, run));
        text.remove_prefix(run);
        if (text.empty()) {
            break;
        }
        const std::size_t bytes = utf8_character_bytes(text);
        if (bytes == 0) {
            out.append("\xEF\xBF\xBD");
        } else if (bytes == 1) {
            append_escape(out, text[0]);
        } else {
            out.append(text.substr(0, bytes));
        }
        text.remove_prefix(bytes == 0 ? 1 : bytes);
    }
    out.push_back('"');
}

}  // namespace flyball
