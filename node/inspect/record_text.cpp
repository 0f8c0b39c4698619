#include "node/inspect/record_text.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>

#include "node/governor_types.h"
#include "schemas/expects.h"

namespace flyball {

namespace {

constexpr std::string_view hex_digits = "0123456789abcdef";
constexpr std::size_t gap = 2;
constexpr std::size_t indent = 2;

// Code points: names of tenants are UTF-8.
std::size_t columns_of(std::string_view text) {
    return static_cast<std::size_t>(std::ranges::count_if(
        text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

std::string printable(std::string text) {
    std::ranges::replace_if(
        text, [](char c) { return static_cast<unsigned char>(c) < 0x20U || c == 0x7f; }, '?');
    return text;
}

// Where a text that begins at `at` ends, behind its closing quote.
std::size_t text_end(std::string_view json, std::size_t at) {
    for (++at; at < json.size() && json[at] != '"'; ++at) {
        at += json[at] == '\\' ? 1U : 0U;
    }
    return std::min(at + 1, json.size());
}

}  // namespace

std::string date_text(Instant at) {
    if (at == Instant{}) {
        return {};
    }
    const auto day = std::chrono::floor<std::chrono::days>(at);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss time(at - day);
    std::array<char, 64> text{};
    const int size = std::snprintf(
        text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ",
        static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
        static_cast<unsigned>(date.day()), static_cast<int>(time.hours().count()),
        static_cast<int>(time.minutes().count()), static_cast<int>(time.seconds().count()),
        static_cast<int>(time.subseconds().count()));
    return {text.data(), static_cast<std::size_t>(size)};
}

std::string hex_text(std::uint64_t number) {
    std::string text(16, '0');
    for (std::size_t at = text.size(); at-- > 0; number >>= 4U) {
        text[at] = hex_digits[number & 0xFU];
    }
    return text;
}

std::string hex_text(std::span<const std::byte> bytes) {
    std::string text;
    for (const std::byte byte : bytes) {
        text += hex_digits[std::to_integer<unsigned>(byte) >> 4U];
        text += hex_digits[std::to_integer<unsigned>(byte) & 0xFU];
    }
    return text;
}

std::string laid_out(std::string_view json) {
    std::string out;
    std::size_t depth = 0;
    const auto line = [&] { out.append("\n").append(depth * indent, ' '); };
    for (std::size_t at = 0; at < json.size();) {
        const char c = json[at];
        const bool empty = at + 1 < json.size() && (json[at + 1] == '}' || json[at + 1] == ']');
        if (c == '"') {
            const std::size_t end = text_end(json, at);
            out.append(json.substr(at, end - at));
            at = end;
            continue;
        }
        if (c == '}' || c == ']') {
            --depth;
            line();
        }
        out += c;
        ++at;
        if (c == '{' || c == '[') {
            if (empty) {
                out += json[at++];
                continue;
            }
            ++depth;
            line();
        } else if (c == ',') {
            line();
        } else if (c == ':') {
            out += ' ';
        }
    }
    return out += '\n';
}

std::string_view OpNames::of(std::string_view governor, std::uint8_t op) {
    const std::string_view type = governor.substr(0, governor.find('/'));
    auto found = types_.find(type);
    if (found == types_.end()) {
        const GovernorType* row = find_governor_type(type);
        found = types_.emplace(std::string(type), row == nullptr ? nullptr : row->make({})).first;
    }
    if (found->second == nullptr) {
        return "";
    }
    const std::span<const Op> ops = found->second->ops();
    return op < ops.size() ? ops[op].name : op == ops.size() ? "forget" : "";
}

std::string_view kind_text(Change::Kind kind) {
    switch (kind) {
        case Change::Kind::decision: return "decision";
        case Change::Kind::time: return "time";
        case Change::Kind::taken_back: return "taken back";
        case Change::Kind::removed: return "removed";
        case Change::Kind::reserved: return "numbers reserved";
    }
    return "";
}

std::string_view standing_text(GovernorChange::Standing standing) {
    switch (standing) {
        case GovernorChange::Standing::in_work: return "in_work";
        case GovernorChange::Standing::set_aside: return "set_aside";
        case GovernorChange::Standing::purged: return "purged";
    }
    return "";
}

Columns::Columns(std::vector<std::string> header) {
    for (std::string& name : header) {
        right_.push_back(name.starts_with('>'));
        name.erase(0, right_.back() ? 1 : 0);
    }
    rows_.push_back(std::move(header));
}

void Columns::add(std::vector<std::string> row) {
    expects(row.size() == right_.size(), "a cell for each column");
    std::ranges::transform(row, row.begin(), printable);
    rows_.push_back(std::move(row));
}

std::string Columns::text() const {
    std::vector<std::size_t> widths(right_.size(), 0);
    for (const auto& row : rows_) {
        for (std::size_t at = 0; at < row.size(); ++at) {
            widths[at] = std::max(widths[at], columns_of(row[at]));
        }
    }
    std::string out;
    for (const auto& row : rows_) {
        std::string line;
        for (std::size_t at = 0; at < row.size(); ++at) {
            const std::string space(widths[at] - columns_of(row[at]), ' ');
            line += right_[at] ? space + row[at] : row[at] + space;
            line.append(gap, ' ');
        }
        line.erase(line.find_last_not_of(' ') + 1);
        out += line + "\n";
    }
    return out;
}

}  // namespace flyball
