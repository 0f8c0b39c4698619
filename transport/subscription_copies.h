#pragma once
// With MQTT 5 a broker may deliver a message once for each subscription that matches it, and
// Mosquitto does. Subscription identifiers tell the copies apart: that of the first filter counts,
// the others are dropped. Made once, then read by any thread. Allocates nothing per message.

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace flyball {

class SubscriptionCopies {
public:
    explicit SubscriptionCopies(std::span<const std::string> filters);

    // Whether any two filters overlap; without that nothing needs an identifier.
    bool possible() const { return possible_; }
    // Of the filter in this place; 0: it overlaps with no other.
    int identifier(std::size_t place) const;
    // Whether the copy that came for this subscription is the one to take.
    bool counts(std::string_view topic, std::size_t identifier) const;

private:
    struct Filter {
        std::string text;
        bool overlaps = false;          // with any other
        bool overlaps_earlier = false;  // with one in front of it
    };
    std::vector<Filter> filters_;
    bool possible_ = false;
};

}  // namespace flyball
