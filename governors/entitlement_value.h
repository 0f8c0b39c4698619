#pragma once
// What a feature is worth: a boolean, an integer or a text. `false` is as if the feature were not
// there; 0 and "" are values. Plain values.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "schemas/tree.h"
#include "schemas/value.h"
#include "schemas/writer.h"

namespace flyball {

inline constexpr std::size_t feature_bytes_max = 64;
inline constexpr std::size_t feature_text_bytes_max = 1024;

using FeatureValue = std::variant<bool, std::int64_t, std::string>;

inline bool is_absent(const FeatureValue& value) {
    const bool* flag = std::get_if<bool>(&value);
    return flag != nullptr && !*flag;
}
void write_feature(Writer& writer, const FeatureValue& value);
Tree tree_of_feature(const FeatureValue& value);
// Nothing when it is none of the three, or too long.
std::optional<FeatureValue> feature_of(const Tree& tree);
bool is_feature(const Value& value);
FeatureValue feature_of(const Value& value);  // of one that is_feature()
bool valid_feature_name(std::string_view name);

}  // namespace flyball
