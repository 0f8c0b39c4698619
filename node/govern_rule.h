#pragma once
// One [[govern]] of the configuration: which ordinary publishes or subscriptions a governor guards,
// for whom they count, and what is asked (docs/governed-topics.md). Plain values.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "schemas/tree.h"

namespace flyball {

enum class GovernedBy : std::uint8_t { user, client_id, level };  // whose name the tenant is
enum class GovernedUnit : std::uint8_t { message, byte };
enum class GovernedAction : std::uint8_t { publish, subscribe };

struct GovernRule {
    std::string topic;                    // a topic filter
    std::vector<std::string> users;       // names, or starts of names with *; empty: everybody
    std::vector<std::string> client_ids;  // likewise; with both, both have to match
    GovernedBy tenant = GovernedBy::user;
    std::size_t level = 0;  // of the topic, the first is 1; with GovernedBy::level
    std::string governor;   // "type/name" or "admit"
    Tree request;           // the fields of the question beside the tenant: a map
    GovernedUnit per = GovernedUnit::message;
    GovernedAction on = GovernedAction::publish;
    bool observes = false;  // decides and counts but stops nothing
    bool passes_on_error = true;
    bool passes_unmapped = true;

    bool operator==(const GovernRule&) const = default;
};

}  // namespace flyball
