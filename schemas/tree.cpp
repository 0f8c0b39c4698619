#include "schemas/tree.h"

namespace flyball {
namespace {

// The escapes of RFC 8785: the short ones where JSON has them, \u00xx for other control characters.
void append_json_text(std::string& out, std::string_view text) {
    constexpr std::string_view digits = "0123456789abcdef";
    out += '"';
    for (const char c : text) {
        switch (c) {
            case '"': out += "\\\""; break;
            case '\\': out += "\\\\"; break;
            case '\b': out += "\\b"; break;
            case '\f': out += "\\f"; break;
            case '\n': out += "\\n"; break;
            case '\r': out += "\\r"; break;
            case '\t': out += "\\t"; break;
            default:
                if (static_cast<unsigned char>(c) < 0x20) {
                    out += "\\u00";
                    out += digits[static_cast<unsigned char>(c) >> 4U];
                    out += digits[static_cast<unsigned char>(c) & 0xfU];
                } else {
                    out += c;
                }
        }
    }
    out += '"';
}

}  // namespace

const Tree* Tree::find(std::string_view key) const {
    const Map* members = map();
    if (members == nullptr) {
        return nullptr;
    }
    const auto place = members->find(key);
    return place == members->end() ? nullptr : &place->second;
}

std::string_view Tree::kind_name() const {
    if (boolean() != nullptr) {
        return "boolean";
    }
    if (integer() != nullptr) {
        return "integer";
    }
    if (text() != nullptr) {
        return "string";
    }
    return list() != nullptr ? "list" : "map";
}

// Recursion is bounded by what made the tree: a decoder's or a TOML reader's nesting limit.
void Tree::append_canonical_json(std::string& out) const {
    if (const bool* flag = boolean()) {
        out += *flag ? "true" : "false";
    } else if (const std::int64_t* number = integer()) {
        out += std::to_string(*number);
    } else if (const std::string* string = text()) {
        append_json_text(out, *string);
    } else if (const List* elements = list()) {
        out += '[';
        for (std::size_t i = 0; i < elements->size(); ++i) {
            out += i == 0 ? "" : ",";
            (*elements)[i].append_canonical_json(out);
        }
        out += ']';
    } else if (const Map* members = map()) {
        out += '{';
        bool first = true;
        for (const auto& [key, member] : *members) {
            out += first ? "" : ",";
            first = false;
            append_json_text(out, key);
            out += ':';
            member.append_canonical_json(out);
        }
        out += '}';
    }
}

}  // namespace flyball
