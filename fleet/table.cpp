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
    return end == text.size() || soft == 0 ? end : soft;
}

}  // namespace

Table::Table(std::vector<std::string> header) : header_(std::move(header)) {}

void Table::add(std::vector<std::string> row) {
    expects(row.size() == header_.size(), "a cell for each column");
    rows_.push_back(std::move(row));
}

std::string Table::text(const Style& style) const {
    std::vector<std::size_t> widths;
    std::size_t total = 0;
    std::size_t shown = 0;
    for (std::size_t column = 0; column < header_.size(); ++column) {
        std::size_t width = columns_of(header_[column]);
        for (const auto& row : rows_) {
            width = std::max(width, columns_of(row[column]));
        }
        widths.push_back(width);
        total += width + (column == 0 ? 0 : gap);
        shown += shown == column && (style.width == 0 || total <= style.width) ? 1U : 0U;
    }
    shown = std::max<std::size_t>(shown, std::min<std::size_t>(header_.size(), 1));
    const auto line = [&](const std::vector<std::string>& cells, Tone tone) {
        std::string text;
        for (std::size_t column = 0; column < shown; ++column) {
            text += padded(cells[column], widths[column] + (column + 1 == shown ? 0 : gap));
        }
        return paint(style, tone, without_trailing_space(std::move(text))) + "\n";
    };
    std::string text = line(header_, Tone::dim);
    for (const auto& row : rows_) {
        text += line(row, Tone::plain);
    }
    if (shown < header_.size()) {
        const std::vector<std::string> hidden(header_.begin() + static_cast<std::ptrdiff_t>(shown),
                                              header_.end());
        const std::string note =
            fmt::format("(not shown for want of room: {})", fmt::join(hidden, ", "));
        text += paint(style, Tone::dim, note) + "\n";
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
