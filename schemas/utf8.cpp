#include "schemas/utf8.h"

namespace flyball {

namespace {

bool in_range(char c, unsigned low, unsigned high) {
    const unsigned byte = static_cast<unsigned char>(c);
    return byte >= low && byte <= high;
}

// The second byte's range is what excludes overlong forms, surrogates and beyond U+10FFFF.
struct Lead {
    std::size_t bytes;
    unsigned second_low;
    unsigned second_high;
};

Lead lead_of(char c) {
    const unsigned byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
        return {1, 0, 0};
    }
    if (byte >= 0xC2 && byte <= 0xDF) {
        return {2, 0x80, 0xBF};
    }
    if (byte >= 0xE0 && byte <= 0xEF) {
        return {3, byte == 0xE0 ? 0xA0U : 0x80U, byte == 0xED ? 0x9FU : 0xBFU};
    }
    if (byte >= 0xF0 && byte <= 0xF4) {
        return {4, byte == 0xF0 ? 0x90U : 0x80U, byte == 0xF4 ? 0x8FU : 0xBFU};
    }
    return {0, 0, 0};
}

}  // namespace

std::size_t utf8_character_bytes(std::string_view text) {
    if (text.empty()) {
        return 0;
    }
    const Lead lead = lead_of(text[0]);
    if (lead.bytes > text.size()) {
        return 0;
    }
    if (lead.bytes >= 2 && !in_range(text[1], lead.second_low, lead.second_high)) {
        return 0;
    }
    for (std::size_t i = 2; i < lead.bytes; ++i) {
        if (!in_range(text[i], 0x80, 0xBF)) {
            return 0;
        }
    }
    return lead.bytes;
}

bool valid_utf8(std::string_view text) {
    if (is_ascii(text)) {
        return true;
    }
    while (!text.empty()) {
        const std::size_t bytes = utf8_character_bytes(text);
        if (bytes == 0) {
            return false;
        }
        text.remove_prefix(bytes);
    }
    return true;
}

bool has_control_character(std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        const unsigned byte = static_cast<unsigned char>(text[i]);
        if (byte < 0x20 || byte == 0x7F) {
            return true;
        }
        if (byte == 0xC2 && i + 1 < text.size() && in_range(text[i + 1], 0x80, 0x9F)) {
            return true;
        }
    }
    return false;
}

}  // namespace flyball
