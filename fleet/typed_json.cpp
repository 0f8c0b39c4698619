#include "fleet/typed_json.h"

#include <algorithm>

namespace flyball {

std::string text_at(const Json& map, const char* key) {
    const auto found = map.find(key);
    return found != map.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::optional<std::int64_t> integer_at(const Json& map, const char* key) {
    const auto found = map.find(key);
    if (found == map.end() || !found->is_number_integer()) {
        return std::nullopt;
    }
    const bool beyond =
        found->is_number_unsigned() && found->get<std::uint64_t>() > std::uint64_t{INT64_MAX};
    return beyond ? std::nullopt : std::optional(found->get<std::int64_t>());
}

std::int64_t count_at(const Json& map, const char* key) {
    return std::max<std::int64_t>(integer_at(map, key).value_or(0), 0);
}

const Json& map_at(const Json& map, const char* key) {
    static const Json empty = Json::object();
    const auto found = map.find(key);
    return found != map.end() && found->is_object() ? *found : empty;
}

const Json& array_at(const Json& map, const char* key) {
    static const Json empty = Json::array();
    const auto found = map.find(key);
    return found != map.end() && found->is_array() ? *found : empty;
}

}  // namespace flyball
