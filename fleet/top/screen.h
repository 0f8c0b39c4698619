#pragma once
// What `flyball top` shows, as lines of text: a pure function of the fleet, of where the reader is
// in it, and of the size of the screen. Any thread.

#include <string>
#include <string_view>
#include <vector>

#include "fleet/render.h"
#include "fleet/view/order.h"

namespace flyball {

// Where the reader is. Changed by keys (fleet/top/keys.h), read by the screen.
struct TopState {
    Order order;
    std::string selected;   // region/node; empty: the first
    std::size_t first = 0;  // the node in the first row of the list
    std::string typed;      // the filter while it is being typed
    bool typing = false;
    bool help = false;
    bool details = true;  // the selected node's governors
    bool paused = false;
};

struct TopPicture {
    std::vector<NodeRow> nodes;  // all of them
    std::string broker;
    std::string trouble;  // why there is nothing new: the connection is gone; else empty
    std::uint64_t refused = 0;
    Instant now;
};

struct ScreenSize {
    std::size_t columns = 80;
    std::size_t rows = 24;
};

// At most `size.rows` lines of at most `size.columns` columns each.
std::vector<std::string> screen_of(const TopPicture& picture, const TopState& state,
                                   ScreenSize size, const Style& style);

// How many nodes a page has: what a key that turns pages moves by, at least 1.
std::size_t page_rows(const TopPicture& picture, const TopState& state, ScreenSize size);

// Everything, once, for pipes and pagers: regions, then nodes; no limit of rows.
std::string top_text(const TopPicture& picture, const Order& order, const Style& style);
Json top_json(const TopPicture& picture, const Order& order);

}  // namespace flyball
