// Reading and writing one option's value: the visitors behind node/config_option.h.

#include <algorithm>
#include <array>
#include <charconv>
#include <numeric>
#include <type_traits>

#include "node/config_option.h"
#include "schemas/duration.h"

namespace flyball {
namespace {

// In the order of their enumerators.
constexpr std::string_view durability_names[] = {"commit", "interval", "none"};
constexpr std::string_view on_loss_names[] = {"start", "stop"};
constexpr std::string_view trust_names[] = {"synchronised", "system"};
constexpr std::string_view level_names[] = {"debug", "info", "notice", "warning", "error"};

std::span<const std::string_view> names(const Durability*) {
    return durability_names;
}
std::span<const std::string_view> names(const OnLoss*) {
    return on_loss_names;
}
std::span<const std::string_view> names(const ClockTrust*) {
    return trust_names;
}
std::span<const std::string_view> names(const LogLevel*) {
    return level_names;
}

template <typename T>
constexpr bool is_number = std::is_same_v<T, std::uint32_t> || std::is_same_v<T, std::uint64_t>;
using Texts = std::vector<std::string>;

std::string quoted(std::string_view text) {
    return toml_value(Tree(std::string(text)));
}

std::string duration_text(std::int64_t ms) {
    return format_duration(Duration{ms, 0});
}

std::string size_text(std::int64_t bytes) {
    constexpr std::array<std::pair<std::int64_t, std::string_view>, 3> units = {
        {{std::int64_t{1} << 30, " GiB"}, {std::int64_t{1} << 20, " MiB"}, {1024, " KiB"}}};
    for (const auto& [unit, name] : units) {
        if (bytes >= unit && bytes % unit == 0) {
            return std::to_string(bytes / unit).append(name);
        }
    }
    return std::to_string(bytes);
}

// Each read() returns whether the value was accepted.
bool read(const ConfigOption&, const Tree& value, bool& out) {
    const bool* flag = value.boolean();
    if (flag != nullptr) {
        out = *flag;
    }
    return flag != nullptr;
}

bool read(const ConfigOption& option, const Tree& value, std::string& out) {
    const std::string* text = value.text();
    if (text == nullptr || !option.valid(*text)) {
        return false;
    }
    out = *text;
    return true;
}

bool read(const ConfigOption& option, const Tree& value, Texts& out) {
    if (value.list() == nullptr) {
        return false;
    }
    Texts texts;
    for (const Tree& one : *value.list()) {
        if (one.text() == nullptr || !option.valid(*one.text())) {
            return false;
        }
        texts.push_back(*one.text());
    }
    out = std::move(texts);
    return true;
}

bool read(const ConfigOption& option, const Tree& value, Span& out) {
    const auto duration =
        value.text() != nullptr ? parse_duration(*value.text()) : std::optional<Duration>{};
    if (!duration || duration->months != 0 || duration->ms < option.min ||
        duration->ms > option.max) {
        return false;
    }
    out = Span{duration->ms};
    return true;
}

template <typename Number>
requires is_number<Number>
bool read(const ConfigOption& option, const Tree& value, Number& out) {
    std::int64_t number = 0;
    if (value.integer() != nullptr) {
        number = *value.integer();
    } else if (option.size && value.text() != nullptr) {
        const auto size = parse_size(*value.text());
        if (!size || *size > static_cast<std::uint64_t>(option.max)) {
            return false;
        }
        number = static_cast<std::int64_t>(*size);
    } else {
        return false;
    }
    if (number < option.min || number > option.max) {
        return false;
    }
    out = static_cast<Number>(number);
    return true;
}

template <typename Enum>
requires std::is_enum_v<Enum>
bool read(const ConfigOption&, const Tree& value, Enum& out) {
    const auto known = names(&out);
    const auto place = value.text() == nullptr
                           ? known.end()
                           : std::find(known.begin(), known.end(), *value.text());
    if (place == known.end()) {
        return false;
    }
    out = static_cast<Enum>(place - known.begin());
    return true;
}

std::string written(const ConfigOption&, bool flag) {
    return flag ? "true" : "false";
}
std::string written(const ConfigOption&, const std::string& text) {
    return quoted(text);
}
std::string written(const ConfigOption&, Span span) {
    return quoted(duration_text(span.count()));
}
std::string written(const ConfigOption&, const Texts& texts) {
    return toml_value(Tree(Tree::List(texts.begin(), texts.end())));
}
template <typename Number>
requires is_number<Number> std::string written(const ConfigOption& option, Number number) {
    const std::string text =
        option.size ? size_text(static_cast<std::int64_t>(number)) : std::to_string(number);
    return text.find(' ') == std::string::npos ? text : quoted(text);
}
template <typename Enum>
requires std::is_enum_v<Enum> std::string written(const ConfigOption&, Enum value) {
    return quoted(names(&value)[static_cast<std::size_t>(value)]);
}

std::string accepts(const ConfigOption&, const bool*) {
    return "true or false";
}
std::string accepts(const ConfigOption& option, const std::string*) {
    return std::string(option.expected);
}
std::string accepts(const ConfigOption& option, const Texts*) {
    return std::string(option.expected);
}
std::string accepts(const ConfigOption& option, const Span*) {
    return "a duration from " + duration_text(option.min) + " to " + duration_text(option.max);
}
template <typename Number>
requires is_number<Number> std::string accepts(const ConfigOption& option, const Number*) {
    if (option.size) {
        return "a size from " + size_text(option.min) + " to " + size_text(option.max);
    }
    return "an integer from " + std::to_string(option.min) + " to " + std::to_string(option.max);
}
template <typename Enum>
requires std::is_enum_v<Enum> std::string accepts(const ConfigOption&, const Enum* value) {
    std::string text;
    const auto known = names(value);
    for (std::size_t i = 0; i < known.size(); ++i) {
        text += i == 0 ? "" : i + 1 == known.size() ? " or " : ", ";
        text += quoted(known[i]);
    }
    return text;
}

// A text as TOML would type it, for the option that it is meant for.
Tree typed(const ConfigOption& option, std::string_view text, NodeSettings& settings) {
    const OptionTarget target = option.target(settings);
    if (std::holds_alternative<bool*>(target) && (text == "true" || text == "false")) {
        return Tree(text == "true");
    }
    if (std::holds_alternative<std::uint32_t*>(target) ||
        std::holds_alternative<std::uint64_t*>(target)) {
        std::int64_t number = 0;
        const auto end = std::from_chars(text.data(), text.data() + text.size(), number);
        if (end.ec == std::errc{} && end.ptr == text.data() + text.size()) {
            return Tree(number);
        }
    }
    return Tree(std::string(text));
}

}  // namespace

bool is_list(const ConfigOption& option) {
    NodeSettings settings;
    return std::holds_alternative<Texts*>(option.target(settings));
}

std::string option_accepts(const ConfigOption& option) {
    NodeSettings settings;
    return std::visit([&option](const auto* target) { return accepts(option, target); },
                      option.target(settings));
}

std::optional<std::string> set_option(const ConfigOption& option, const Tree& value,
                                      NodeSettings& settings) {
    const bool accepted = std::visit([&](auto* target) { return read(option, value, *target); },
                                     option.target(settings));
    if (accepted) {
        return std::nullopt;
    }
    return "must be " + option_accepts(option) + ", not " + toml_value(value);
}

std::optional<std::string> set_option_text(const ConfigOption& option, std::string_view text,
                                           NodeSettings& settings) {
    return set_option(option, typed(option, text, settings), settings);
}

std::string option_value(const ConfigOption& option, const NodeSettings& settings) {
    NodeSettings copy = settings;
    return std::visit([&option](const auto* target) { return written(option, *target); },
                      option.target(copy));
}

std::string option_default(const ConfigOption& option) {
    return option.computed.empty() ? option_value(option, NodeSettings{})
                                   : std::string(option.computed);
}

std::optional<std::string_view> closest_name(std::string_view unknown,
                                             std::span<const std::string_view> known) {
    std::optional<std::string_view> closest;
    std::size_t best = 3;  // three slips are another word
    std::vector<std::size_t> row;
    for (const std::string_view name : known) {
        row.resize(name.size() + 1);
        std::iota(row.begin(), row.end(), std::size_t{0});
        for (std::size_t i = 0; i < unknown.size(); ++i) {
            std::size_t diagonal = row[0];
            row[0] = i + 1;
            for (std::size_t j = 0; j < name.size(); ++j) {
                const std::size_t change = diagonal + (unknown[i] == name[j] ? 0 : 1);
                diagonal = row[j + 1];
                row[j + 1] = std::min({change, row[j] + 1, row[j + 1] + 1});
            }
        }
        if (row.back() < best) {
            best = row.back();
            closest = name;
        }
    }
    return closest;
}

// Depth is bounded by the TOML reader's or the decoder's nesting limit.
std::string toml_value(const Tree& value) {
    std::string out;
    if (const Tree::List* list = value.list()) {
        for (const Tree& one : *list) {
            out.append(out.empty() ? "" : ", ").append(toml_value(one));
        }
        return "[" + out + "]";
    }
    if (const Tree::Map* map = value.map()) {
        for (const auto& [key, member] : *map) {
            out.append(out.empty() ? "" : ", ").append(toml_key(key));
            out.append(" = ").append(toml_value(member));
        }
        return out.empty() ? "{}" : "{ " + out + " }";
    }
    // JSON's texts are TOML's basic strings, but for DEL.
    value.append_canonical_json(out);
    for (std::size_t at = out.find('\x7f'); at != std::string::npos; at = out.find('\x7f', at)) {
        out.replace(at, 1, "\\u007f");
    }
    return out;
}

std::string toml_key(std::string_view key) {
    constexpr std::string_view bare =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
    return !key.empty() && key.find_first_not_of(bare) == std::string_view::npos
               ? std::string(key)
               : toml_value(Tree(std::string(key)));
}

}  // namespace flyball
