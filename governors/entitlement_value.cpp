#include "governors/entitlement_value.h"

#include "schemas/utf8.h"

namespace flyball {

void write_feature(Writer& writer, const FeatureValue& value) {
    if (const bool* flag = std::get_if<bool>(&value)) {
        writer.boolean(*flag);
    } else if (const std::int64_t* number = std::get_if<std::int64_t>(&value)) {
        writer.integer(*number);
    } else {
        writer.text(std::get<std::string>(value));
    }
}

Tree tree_of_feature(const FeatureValue& value) {
    return std::visit([](const auto& content) { return Tree(content); }, value);
}

std::optional<FeatureValue> feature_of(const Tree& tree) {
    if (tree.boolean() != nullptr) {
        return FeatureValue(*tree.boolean());
    }
    if (tree.integer() != nullptr) {
        return FeatureValue(*tree.integer());
    }
    const std::string* text = tree.text();
    if (text != nullptr && text->size() <= feature_text_bytes_max && valid_utf8(*text)) {
        return FeatureValue(*text);
    }
    return std::nullopt;
}

bool is_feature(const Value& value) {
    return value.is(Kind::boolean) || value.is(Kind::integer) ||
           (value.is(Kind::text) && value.count <= feature_text_bytes_max);
}

FeatureValue feature_of(const Value& value) {
    if (value.is(Kind::boolean)) {
        return value.boolean;
    }
    if (value.is(Kind::integer)) {
        return value.integer;
    }
    return std::string(value.text());
}

bool valid_feature_name(std::string_view name) {
    return !name.empty() && name.size() <= feature_bytes_max && valid_utf8(name) &&
           !has_control_character(name);
}

}  // namespace flyball
