#pragma once
// Rows of a screen that has just so many columns: what matters least is left out first, the first
// column takes the room that is left. Pure. Any thread.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "fleet/render.h"

namespace flyball {

struct Column {
    std::string_view title;
    std::size_t width = 0;  // the first column's: its least
    int importance = 0;     // the larger stays longer; the first column always stays
    bool right = true;      // numbers
};

struct Cell {
    std::string text;
    Tone tone = Tone::plain;
};

class ScreenColumns {
public:
    // `wanted`: what the first column would like to have.
    ScreenColumns(std::vector<Column> columns, std::size_t width, std::size_t wanted);

    std::string header(const Style& style) const;
    // One cell a column, also for those that are left out.
    std::string row(const std::vector<Cell>& cells, const Style& style) const;
    bool shows(std::size_t column) const { return shown_[column]; }

private:
    std::vector<Column> columns_;
    std::vector<bool> shown_;
};

// Exactly `width` columns: cut with an ellipsis, or filled with spaces on the side of the cut.
std::string fitted(std::string_view text, std::size_t width, bool right = false);

std::string rate_text(double per_second);  // "0", "0.3", "12", "1,234", "1.2M"

}  // namespace flyball
