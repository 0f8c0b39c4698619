#pragma once
// One decision that took effect, as a stranger knows it: a request of its own or a part of an admit
// that was allowed. Views into the request and the reply; valid for one call.

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

namespace flyball::checker {

using Json = nlohmann::json;

struct Fact {
    std::uint64_t n = 0;   // of the message that asked
    std::string governor;  // "quota/main"
    std::string tenant;
    std::string op;
    const Json& request;  // the op's fields
    const Json& reply;    // its own keys
    std::int64_t at = 0;  // governor time, milliseconds
    bool allowed = false;
    bool replayed = false;  // it says levels, and has had its effect before
};

inline std::int64_t integer(const Json& map, const char* key, std::int64_t otherwise) {
    const auto found = map.find(key);
    return found != map.end() && found->is_number_integer() ? found->get<std::int64_t>()
                                                            : otherwise;
}

inline std::string text(const Json& map, const char* key, const char* otherwise = "") {
    const auto found = map.find(key);
    return found != map.end() && found->is_string() ? found->get<std::string>() : otherwise;
}

inline bool flag(const Json& map, const char* key) {
    const auto found = map.find(key);
    return found != map.end() && found->is_boolean() && found->get<bool>();
}

// As text, whatever bytes its strings have.
inline std::string shown(const Json& document) {
    return document.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// Where a model keeps what it knows of somebody.
inline std::string key_of(const std::string& governor, const std::string& tenant) {
    return governor + '\n' + tenant;
}

}  // namespace flyball::checker
