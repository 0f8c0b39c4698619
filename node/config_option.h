#pragma once
// The one table of the node's options: each row's key, what it accepts, its default and a sentence.
// Files, flags and environment are read by it; --help, --print-config, the texts of faults and
// docs/configuration.md are written from it. Adding an option is one row here. Any thread.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "node/settings.h"
#include "schemas/tree.h"

namespace flyball {

// Where a value lives. The type decides how it is read and written; a Span is a duration.
using OptionTarget =
    std::variant<bool*, std::string*, Span*, std::uint64_t*, std::uint32_t*,
                 std::vector<std::string>*, Durability*, OnLoss*, ClockTrust*, LogLevel*>;

struct ConfigOption {
    std::string_view key;
    OptionTarget (*target)(NodeSettings& settings);
    std::string_view sentence;
    bool needs_restart = true;  // a reload does not apply it
    // Numbers, bytes and milliseconds; texts are checked by `valid`, which `expected` puts in
    // words.
    std::int64_t min = 0;
    std::int64_t max = 0;
    bool (*valid)(std::string_view text) = nullptr;
    std::string_view expected{};
    std::string_view computed{};  // a default that is worked out, in words
    bool size = false;            // a number of bytes, also written "64 KiB"
};

std::span<const ConfigOption> config_options();
const ConfigOption* find_option(std::string_view key);  // null when there is none
// Only single values can be flags or environment variables.
bool is_list(const ConfigOption& option);
// FLYBALL_ and the key in upper case, with _ for each dot.
std::string environment_name(const ConfigOption& option);

// Puts `value` in place; else what would be right ("a duration from 1s to 1d, as \"30s\"").
std::optional<std::string> set_option(const ConfigOption& option, const Tree& value,
                                      NodeSettings& settings);
// The same from a flag's or a variable's text.
std::optional<std::string> set_option_text(const ConfigOption& option, std::string_view text,
                                           NodeSettings& settings);
// As TOML would have it.
std::string option_value(const ConfigOption& option, const NodeSettings& settings);
std::string option_default(const ConfigOption& option);
std::string option_accepts(const ConfigOption& option);  // "a duration from 1s to 1d"

// The known name closest to `unknown`, when it is close enough for a slip of the finger.
std::optional<std::string_view> closest_name(std::string_view unknown,
                                             std::span<const std::string_view> known);

// One Tree as a TOML value on one line; a key, quoted where it must be.
std::string toml_value(const Tree& value);
std::string toml_key(std::string_view key);

}  // namespace flyball
