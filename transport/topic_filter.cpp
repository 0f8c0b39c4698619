#include "transport/topic_filter.h"

#include <cstddef>
#include <optional>

namespace flyball {
namespace {

// Takes the first level off; nothing when there is none left.
std::optional<std::string_view> take_level(std::optional<std::string_view>& rest) {
    if (!rest) {
        return std::nullopt;
    }
    const std::size_t slash = rest->find('/');
    const std::string_view level = rest->substr(0, slash);
    if (slash == std::string_view::npos) {
        rest.reset();
    } else {
        rest = rest->substr(slash + 1);
    }
    return level;
}

}  // namespace

// Byte by byte: most topics differ from most filters in their first few.
bool filter_matches(std::string_view filter, std::string_view topic) {
    if (topic.starts_with('$') && (filter.starts_with('+') || filter.starts_with('#'))) {
        return false;
    }
    std::size_t at = 0;  // in the topic
    for (std::size_t i = 0; i < filter.size(); ++i) {
        const char wanted = filter[i];
        if (wanted == '#') {
            return true;
        }
        if (wanted == '+') {
            while (at < topic.size() && topic[at] != '/') {
                ++at;
            }
        } else if (at == topic.size()) {
            return filter.substr(i) == "/#";  // also the parent level itself: "a/#" matches "a"
        } else if (topic[at++] != wanted) {
            return false;
        }
    }
    return at == topic.size();
}

bool filters_overlap(std::string_view one, std::string_view other) {
    std::optional<std::string_view> one_rest = one;
    std::optional<std::string_view> other_rest = other;
    while (true) {
        const auto level = take_level(one_rest);
        const auto its = take_level(other_rest);
        if (level == "#" || its == "#" || (!level && !its)) {
            return true;
        }
        if (!level || !its || (*level != "+" && *its != "+" && *level != *its)) {
            return false;
        }
    }
}

bool valid_filter(std::string_view filter) {
    if (filter.empty() || filter.find('\0') != std::string_view::npos) {
        return false;
    }
    std::optional<std::string_view> rest = filter;
    while (const auto level = take_level(rest)) {
        const bool wild = level->find_first_of("+#") != std::string_view::npos;
        if (wild && level->size() != 1) {
            return false;
        }
        if (*level == "#" && rest) {
            return false;
        }
    }
    return true;
}

}  // namespace flyball
