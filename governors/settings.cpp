#include "governors/settings.h"

#include <string>

#include "schemas/duration.h"

namespace flyball {

namespace {

constexpr std::int64_t ring_capacity_max = 1 << 20;  // 20 MB of history, far beyond a device's use

Error wrong(const std::string& key, std::string_view expected) {
    return {ErrorCode::usage, key + ": must be " + std::string(expected)};
}

Result<std::int64_t> read_integer(const Tree& tree, const std::string& key, std::int64_t min,
                                  std::int64_t max) {
    const std::int64_t* number = tree.integer();
    if (number == nullptr || *number < min || *number > max) {
        return wrong(key, "an integer from " + std::to_string(min) + " to " + std::to_string(max));
    }
    return *number;
}

// `ring` and `ids`: tables with the single key `capacity`.
Result<std::size_t> read_capacity(const Tree& tree, const std::string& key) {
    const Tree::Map* map = tree.map();
    if (map == nullptr) {
        return wrong(key, "a table with the key capacity");
    }
    for (const auto& [name, value] : *map) {
        if (name != "capacity") {
            return wrong(key + "." + name, "left out: the only key here is capacity");
        }
    }
    const Tree* capacity = tree.find("capacity");
    if (capacity == nullptr) {
        return wrong(key + ".capacity", "given");
    }
    auto number = read_integer(*capacity, key + ".capacity", 1, ring_capacity_max);
    if (!number) {
        return number.error();
    }
    return static_cast<std::size_t>(*number);
}

Result<Mode> read_mode(const Tree& tree) {
    const std::string* text = tree.text();
    if (text != nullptr && *text == "enforce") {
        return Mode::enforce;
    }
    if (text != nullptr && *text == "observe") {
        return Mode::observe;
    }
    return wrong("mode", "\"enforce\" or \"observe\"");
}

Result<Span> read_window(const Tree& tree) {
    const std::string* text = tree.text();
    const auto duration = text == nullptr ? std::nullopt : parse_duration(*text);
    if (!duration || duration->months != 0) {
        return wrong("id_window", "a duration such as \"10m\" (not in months)");
    }
    return Span{duration->ms};
}

// Whether `key` is a common one; then it is read into `settings`, or the error is set.
Result<bool> read_common(const std::string& key, const Tree& value, GovernorSettings& settings) {
    const auto store = [](auto result, auto& target) -> Result<bool> {
        if (!result) {
            return result.error();
        }
        target = static_cast<std::remove_reference_t<decltype(target)>>(*result);
        return true;
    };
    if (key == "mode") {
        return store(read_mode(value), settings.mode);
    }
    if (key == "auto_enroll") {
        if (value.boolean() == nullptr) {
            return wrong(key, "true or false");
        }
        settings.auto_enroll = *value.boolean();
        return true;
    }
    if (key == "max_tenants") {
        return store(read_integer(value, key, 1, tenants_max), settings.max_tenants);
    }
    if (key == "id_window") {
        return store(read_window(value), settings.id_window);
    }
    if (key == "ring") {
        return store(read_capacity(value, key), settings.ring_capacity);
    }
    if (key == "ids") {
        return store(read_capacity(value, key), settings.ids_capacity);
    }
    return false;
}

}  // namespace

Result<std::pair<GovernorSettings, Tree>> split_governor_settings(
    const Tree& raw, const GovernorSettings& defaults) {
    const Tree::Map* map = raw.map();
    if (map == nullptr) {
        return Error{ErrorCode::usage, "a governor's configuration must be a table"};
    }
    GovernorSettings settings = defaults;
    Tree::Map own;
    for (const auto& [key, value] : *map) {
        auto common = read_common(key, value, settings);
        if (!common) {
            return common.error();
        }
        if (!*common) {
            own.emplace(key, value);
        }
    }
    return std::pair{settings, Tree(std::move(own))};
}

}  // namespace flyball
