#pragma once
// A configuration value: booleans, integers, strings, lists and maps, from TOML or from a request's
// `config`. Small, owned, off the hot path. Maps keep their keys sorted, so that the canonical JSON
// of the same configuration is the same text everywhere.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace flyball {

class Tree {
public:
    using List = std::vector<Tree>;
    using Map = std::map<std::string, Tree, std::less<>>;

    Tree() : value_(Map{}) {}
    Tree(bool flag) : value_(flag) {}
    Tree(std::int64_t number) : value_(number) {}
    Tree(int number) : value_(std::int64_t{number}) {}
    Tree(std::string text) : value_(std::move(text)) {}
    Tree(const char* text) : value_(std::string(text)) {}
    Tree(List list) : value_(std::move(list)) {}
    Tree(Map map) : value_(std::move(map)) {}

    const bool* boolean() const { return std::get_if<bool>(&value_); }
    const std::int64_t* integer() const { return std::get_if<std::int64_t>(&value_); }
    const std::string* text() const { return std::get_if<std::string>(&value_); }
    const List* list() const { return std::get_if<List>(&value_); }
    const Map* map() const { return std::get_if<Map>(&value_); }
    Map* map() { return std::get_if<Map>(&value_); }

    // The member of a map; null when this is no map or has no such key.
    const Tree* find(std::string_view key) const;
    std::string_view kind_name() const;  // "boolean", "integer", "string", "list", "map"

    // JSON, keys sorted bytewise, no white space (what policy_rev is the SHA-256 of).
    void append_canonical_json(std::string& out) const;

    bool operator==(const Tree&) const = default;

private:
    std::variant<bool, std::int64_t, std::string, List, Map> value_;
};

// What a request's `config` holds; nothing when it has a value that no configuration has (null, a
// float, binary), or a key that is no text.
struct Value;
std::optional<Tree> tree_of(const Value& value);

}  // namespace flyball
