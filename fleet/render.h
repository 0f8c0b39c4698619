#pragma once
// Text for people: colours only on a terminal, tables that keep to its width, numbers with units.
// Whatever strangers sent is made printable first: a payload must not steer a terminal.
// Pure but for style_of(), which asks the terminal. Any thread.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "fleet/payload.h"
#include "schemas/time.h"

namespace flyball {

struct Style {
    bool colour = false;
    std::size_t width = 0;  // columns; 0 is unlimited: not a terminal
};

// For a descriptor; no colour when NO_COLOR is set or the terminal is dumb.
Style style_of(int fd);

enum class Tone : std::uint8_t { plain, good, bad, warning, dim, strong };
std::string paint(const Style& style, Tone tone, std::string_view text);
Tone tone_of_decision(std::string_view decision);

// Control characters and bytes that are not UTF-8 become visible escapes; one line stays one line.
std::string printable(std::string_view text);
std::size_t columns_of(std::string_view text);  // code points, escape sequences of paint() left out

std::string span_text(std::int64_t ms);      // "380 ms", "12 s", "3 h 12 min", "4 d 2 h"
std::string bytes_text(std::int64_t bytes);  // "2.1 MiB"
std::string micros_text(double us);          // "380 µs", "1.2 ms"
std::string clock_text(Instant at);          // local time of day, "22:23:54"
std::string date_text(Instant at);           // "2026-11-22 22:23:54 UTC"

// Broken at spaces to the style's width; without one, as it is.
std::string wrapped(std::string_view text, const Style& style);

// One value on one line; maps and arrays as compact JSON.
std::string value_text(const Json& value);
// What a key's unit makes of its number: "(3 h 12 min)" for *_ms, a date for `at`; else empty.
std::string remark_on(std::string_view key, const Json& value);

class Table {
public:
    // The first `keys` columns say what a row is about.
    explicit Table(std::vector<std::string> header, std::size_t keys = 1);
    void add(std::vector<std::string> row);  // cells may carry colours of paint()
    bool empty() const { return rows_.empty(); }
    // Columns that do not fit go into further tables below, with the key columns again.
    std::string text(const Style& style) const;

private:
    std::vector<std::size_t> widths() const;
    std::string block(std::size_t first, std::size_t last, const Style& style) const;

    std::vector<std::string> header_;
    std::size_t keys_;
    std::vector<std::vector<std::string>> rows_;
};

// `key  value` lines, keys dim; a value that is too long goes on below itself.
class Pairs {
public:
    void add(std::string key, std::string value, std::string remark = {});
    bool empty() const { return pairs_.empty(); }
    std::string text(const Style& style, std::size_t indent = 2) const;

private:
    struct Pair {
        std::string key;
        std::string value;
        std::string remark;
    };
    std::vector<Pair> pairs_;
};

}  // namespace flyball
