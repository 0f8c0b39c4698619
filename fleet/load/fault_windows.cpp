#include "fleet/load/fault_windows.h"

#include <algorithm>

namespace flyball {

void FaultWindows::begin(const std::string& where, std::int64_t at_us) {
    const auto [row, fresh] = windows_.try_emplace(where);
    Window& window = row->second;
    // One that begins while the last has hardly settled goes on with it.
    const bool apart = window.open == 0 && (fresh || at_us > window.until_us + 2 * settle_us);
    window.from_us = apart ? at_us : std::min(window.from_us, at_us);
    window.until_us = INT64_MAX;
    ++window.open;
}

void FaultWindows::end(const std::string& where, std::int64_t at_us) {
    const auto row = windows_.find(where);
    if (row == windows_.end() || row->second.open == 0) {
        return;
    }
    if (--row->second.open == 0) {
        row->second.until_us = at_us;
    }
}

bool FaultWindows::touches_one(const std::string& where, std::int64_t from_us,
                               std::int64_t until_us) const {
    const auto row = windows_.find(where);
    if (row == windows_.end()) {
        return false;
    }
    const Window& window = row->second;
    const bool over = window.until_us != INT64_MAX && from_us > window.until_us + settle_us;
    return until_us >= window.from_us && !over;
}

bool FaultWindows::touches(const std::string& region, const std::string& node, std::int64_t from_us,
                           std::int64_t until_us) const {
    return touches_one(region, from_us, until_us) ||
           touches_one(region + "/" + node, from_us, until_us);
}

}  // namespace flyball
