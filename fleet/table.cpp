// Table and Pairs of fleet/render.h.

#include <fmt/format.h>

#include <algorithm>

#include "fleet/render.h"
#include "schemas/expects.h"

namespace flyball {
namespace {

constexpr std::size_t gap = 2;
constexpr std::size_t value_columns_min = 20;  // below it wrapping helps nobody

std::string padded(std::string_view cell, std::size_t width) {
    const std::size_t used = columns_of(cell);
    return std::string(cell) + std::string(width > used ? width - used : 0, ' ');
}

std::string without_trailing_space(std::string line) {
    line.erase(line.find_last_not_of(' ') + 1);
    return line;
}

// Cuts after at most `columns` code points, at a space or a comma where there is one.
std::size_t cut_at(std::string_view text, std::size_t columns) {
    std::size_t end = 0;
    std::size_t soft = 0;
    for (std::size_t seen = 0; end < text.size(); ++end) {
        const bool starts = (static_cast<unsigned char>(text[end]) & 0xc0) != 0x80;
        if (starts && seen++ == columns) {
            break;
        }
        soft = text[end] == ' ' || text[end] == ',' ? end + 1 : soft;
    }
    if (end < text.size() && text[end] == ' ') {
        return end + 1;  // the line is full to the last column, and a word ends there
    }
    return end == text.size() || soft == 0 ? end : soft;
}

}  // namespace

std::string wrapped(std::string_view text, const Style& style) {
    std::string out;
    while (style.width != 0 && columns_of(text) > style.width) {
        const std::size_t cut = cut_at(text, style.width);
        out += without_trailing_space(std::string(text.substr(0, cut))) + "\n";
        text.remove_prefix(cut);
    }
    return out + std::string(text);
}

Table::Table(std::vector<std::string> header, std::size_t keys)
    : header_(std::move(header)), keys_(std::min(keys, header_.size())) {}

void Table::add(std::vector<std::string> row) {
    expects(row.size() == header_.size(), "a cell for each column");
    rows_.push_back(std::move(row));
}

std::vector<std::size_t> Table::widths() const {
    std::vector<std::size_t> widths;
    for (std::size_t column = 0; column < header_.size(); ++column) {
        std::size_t width = columns_of(header_[column]);
        for (const auto& row : rows_) {
            width = std::max(width, columns_of(row[column]));
        }
        widths.push_back(width);
    }
    return widths;
}

std::string Table::text(const Style& style) const {
    const std::vector<std::size_t> columns = widths();
    std::size_t key_width = 0;
    for (std::size_t key = 0; key < keys_; ++key) {
        key_width += columns[key] + gap;
    }
    std::string text;
    std::size_t first = keys_;
    do {
        std::size_t used = key_width;
        std::size_t last = first;
        while (last < columns.size() &&
               (last == first || style.width == 0 || used + columns[last] <= style.width)) {
            used += columns[last++] + gap;
        }
        text += (text.empty() ? "" : "\n") + block(first, last, style);
        first = last;
    } while (first < columns.size());
    return text;
}

// The key columns and those from `first` up to `last`.
std::string Table::block(std::size_t first, std::size_t last, const Style& style) const {
    const std::vector<std::size_t> columns = widths();
    const auto line = [&](const std::vector<std::string>& cells, Tone tone) {
        std::string text;
        for (std::size_t column = 0; column < last; ++column) {
            if (column < keys_ || column >= first) {
                text += padded(cells[column], columns[column] + gap);
            }
        }
        return paint(style, tone, without_trailing_space(std::move(text))) + "\n";
    };
    std::string text = line(header_, Tone::dim);
    for (const auto& row : rows_) {
        text += line(row, Tone::plain);
    }
    return text;
}

void Pairs::add(std::string key, std::string value, std::string remark) {
    pairs_.push_back({std::move(key), std::move(value), std::move(remark)});
}

std::string Pairs::text(const Style& style, std::size_t indent) const {
    std::size_t keys = 0;
    for (const Pair& pair : pairs_) {
        keys = std::max(keys, columns_of(pair.key));
    }
    const std::size_t left = indent + keys + gap;
    const std::size_t room = style.width == 0                         ? std::string::npos
                             : style.width > left + value_columns_min ? style.width - left
                                                                      : value_columns_min;
    std::string text;
    for (const Pair& pair : pairs_) {
        text += std::string(indent, ' ') + paint(style, Tone::dim, padded(pair.key, keys)) +
                std::string(gap, ' ');
        std::string_view value = pair.value;
        while (columns_of(value) > room) {
            const std::size_t cut = cut_at(value, room);
            text += without_trailing_space(std::string(value.substr(0, cut))) + "\n" +
                    std::string(left, ' ');
            value.remove_prefix(cut);
        }
        text += value;
        if (!pair.remark.empty()) {
            text += "  " + paint(style, Tone::dim, "(" + pair.remark + ")");
        }
        text = without_trailing_space(std::move(text)) + "\n";
    }
    return text;
}

}  // namespace flyball
