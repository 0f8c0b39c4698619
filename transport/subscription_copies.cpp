#include "transport/subscription_copies.h"

#include <algorithm>

#include "transport/topic_filter.h"

namespace flyball {

SubscriptionCopies::SubscriptionCopies(std::span<const std::string> filters) {
    for (const std::string& text : filters) {
        Filter filter{.text = text};
        for (Filter& earlier : filters_) {
            if (filters_overlap(earlier.text, text)) {
                earlier.overlaps = true;
                filter.overlaps = true;
                filter.overlaps_earlier = true;
                possible_ = true;
            }
        }
        filters_.push_back(std::move(filter));
    }
}

int SubscriptionCopies::identifier(std::size_t place) const {
    const bool needed = place < filters_.size() && filters_[place].overlaps;
    return needed ? static_cast<int>(place) + 1 : 0;
}

bool SubscriptionCopies::counts(std::string_view topic, std::size_t identifier) const {
    const std::size_t place = identifier - 1;
    if (identifier == 0 || place >= filters_.size() || !filters_[place].overlaps_earlier) {
        return true;
    }
    return std::none_of(
        filters_.begin(), filters_.begin() + static_cast<std::ptrdiff_t>(place),
        [topic](const Filter& earlier) { return filter_matches(earlier.text, topic); });
}

}  // namespace flyball
