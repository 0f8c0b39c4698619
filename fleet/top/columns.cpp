#include "fleet/top/columns.h"

#include <fmt/format.h>

#include <algorithm>

#include "schemas/expects.h"

namespace flyball {
namespace {

constexpr std::size_t gap = 1;
constexpr std::size_t first_max = 24;  // columns that the first has before any other is looked at

// The bytes of the first `columns` code points.
std::size_t bytes_of(std::string_view text, std::size_t columns) {
    std::size_t at = 0;
    for (std::size_t seen = 0; at < text.size(); ++at) {
        const bool begins = (static_cast<unsigned char>(text[at]) & 0xc0U) != 0x80U;
        if (begins && seen++ == columns) {
            break;
        }
    }
    return at;
}

}  // namespace

std::string fitted(std::string_view text, std::size_t width, bool right) {
    const std::size_t used = columns_of(text);
    if (used > width) {
        return width == 0 ? "" : std::string(text.substr(0, bytes_of(text, width - 1))) + "…";
    }
    const std::string space(width - used, ' ');
    return right ? space + std::string(text) : std::string(text) + space;
}

ScreenColumns::ScreenColumns(std::vector<Column> columns, std::size_t width, std::size_t wanted)
    : columns_(std::move(columns)), shown_(columns_.size(), false) {
    expects(!columns_.empty(), "a column");
    shown_[0] = true;
    columns_[0].width = std::min(std::max(columns_[0].width, std::min(wanted, first_max)), width);
    std::size_t used = columns_[0].width;
    std::vector<std::size_t> by_importance;
    for (std::size_t i = 1; i < columns_.size(); ++i) {
        by_importance.push_back(i);
    }
    std::ranges::stable_sort(by_importance, [&](std::size_t a, std::size_t b) {
        return columns_[a].importance > columns_[b].importance;
    });
    for (const std::size_t i : by_importance) {
        if (used + gap + columns_[i].width > width) {
            break;  // a less important one that would fit must not take its place
        }
        used += gap + columns_[i].width;
        shown_[i] = true;
    }
    const std::size_t spare = width > used ? width - used : 0;
    const std::size_t missing = wanted > columns_[0].width ? wanted - columns_[0].width : 0;
    columns_[0].width = std::min(columns_[0].width + std::min(spare, missing), width);
    if (shown_.back() && !columns_.back().right) {
        columns_.back().width += spare - std::min(spare, missing);  // text at the end has the rest
    }
}

std::string ScreenColumns::header(const Style& style) const {
    std::vector<Cell> cells;
    for (const Column& column : columns_) {
        cells.push_back({std::string(column.title), Tone::plain});
    }
    return paint(style, Tone::dim, row(cells, Style{}));
}

std::string ScreenColumns::row(const std::vector<Cell>& cells, const Style& style) const {
    expects(cells.size() == columns_.size(), "a cell for each column");
    std::string text;
    for (std::size_t i = 0; i < cells.size(); ++i) {
        if (shown_[i]) {
            text += i == 0 ? "" : std::string(gap, ' ');
            text += paint(style, cells[i].tone,
                          fitted(cells[i].text, columns_[i].width, columns_[i].right));
        }
    }
    return text;
}

std::string rate_text(double per_second) {
    if (per_second <= 0) {
        return "0";
    }
    if (per_second < 10) {
        return fmt::format("{:.1f}", per_second);
    }
    if (per_second >= 1e6) {
        return fmt::format("{:.1f}M", std::min(per_second, 1e12) / 1e6);
    }
    const auto whole = static_cast<std::int64_t>(per_second + 0.5);
    return whole < 1000 ? fmt::format("{}", whole)
                        : fmt::format("{},{:03}", whole / 1000, whole % 1000);
}

}  // namespace flyball
