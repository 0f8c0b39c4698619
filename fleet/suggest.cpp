#include "fleet/suggest.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace flyball {

std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = std::exchange(row[0], i);
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0U : 1U);
            diagonal = std::exchange(row[j], std::min({row[j] + 1, row[j - 1] + 1, replaced}));
        }
    }
    return row.back();
}

std::vector<std::string> near_names(std::string_view name, std::span<const std::string> names,
                                    std::size_t count) {
    std::vector<std::pair<std::size_t, std::string>> ranked;
    for (const std::string& candidate : names) {
        const std::size_t distance = edit_distance(name, candidate);
        const bool inside = candidate.find(name) != std::string::npos;
        if (inside || distance <= std::max<std::size_t>(2, name.size() / 3)) {
            ranked.emplace_back(inside ? std::min<std::size_t>(distance, 1) : distance, candidate);
        }
    }
    std::ranges::sort(ranked);
    std::vector<std::string> nearest;
    for (auto& [distance, candidate] : ranked) {
        if (nearest.size() == count) {
            break;
        }
        nearest.push_back(std::move(candidate));
    }
    return nearest;
}

}  // namespace flyball
