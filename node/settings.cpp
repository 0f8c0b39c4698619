#include "node/settings.h"

namespace flyball {

// The fault's key may be deeper than anything that was written (a key that is missing), so the
// place is that of the closest table around it.
std::string NodeSettings::place_of(std::string_view title, std::string_view fault) const {
    std::string key = "governor." + std::string(title);
    if (const std::size_t slash = key.find('/'); slash != std::string::npos) {
        key[slash] = '.';
    }
    const std::size_t title_size = key.size();
    const std::size_t colon = fault.find(": ");
    const bool names_a_key =
        colon != std::string_view::npos && fault.substr(0, colon).find(' ') == std::string::npos;
    if (names_a_key) {
        key.append(".").append(fault.substr(0, colon));
        fault.remove_prefix(colon + 2);
    }
    const std::string sentence = key + ": " + std::string(fault);
    while (key.size() >= title_size) {
        if (const auto place = places.find(key); place != places.end()) {
            return place->second + ": " + sentence;
        }
        key.resize(key.find_last_of(".["));  // there is one: "governor." at least
    }
    return sentence;
}

std::vector<std::string> NodeSettings::places_of(const std::vector<ConfigFault>& faults) const {
    std::vector<std::string> sentences;
    for (const ConfigFault& fault : faults) {
        sentences.push_back(place_of(fault.title, fault.message));
    }
    return sentences;
}

}  // namespace flyball
