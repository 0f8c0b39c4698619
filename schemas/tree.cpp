#include "schemas/tree.h"

#include "schemas/value.h"

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

// Nesting is bounded by the decoder (Limits::nesting), and with it the recursion.
std::optional<Tree> tree_of(const Value& value) {
    switch (value.kind) {
        case Kind::boolean: return Tree(value.boolean);
        case Kind::integer: return Tree(value.integer);
        case Kind::text: return Tree(std::string(value.text()));
        case Kind::array: {
            Tree::List list;
            const Value* child = value.first_child();
            for (std::uint32_t i = 0; i < value.count; ++i, child = child->next_sibling()) {
                auto element = tree_of(*child);
                if (!element) {
                    return std::nullopt;
                }
                list.push_back(std::move(*element));
            }
            return Tree(std::move(list));
        }
        case Kind::map: {
            Tree::Map map;
            const Value* key = value.first_child();
            for (std::uint32_t i = 0; i < value.count; ++i) {
                const Value* mapped = key->next_sibling();
                auto member = tree_of(*mapped);
                if (!member || !key->is(Kind::text)) {
                    return std::nullopt;
                }
                map.insert_or_assign(std::string(key->text()), std::move(*member));
                key = mapped->next_sibling();
            }
            return Tree(std::move(map));
        }
        case Kind::null:
        case Kind::unsigned_integer:
        case Kind::real:
        case Kind::binary:
        case Kind::extension: break;
    }
    return std::nullopt;
}

}  // namespace flyball
