#pragma once
// The node's settings as plain values, defaults included: what node/config.h reads from files, the
// environment and flags. Made once at the start and again at a reload; read by everybody.

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "node/govern_rule.h"
#include "node/governor_clock.h"
#include "node/log.h"
#include "node/registry.h"
#include "schemas/limits.h"
#include "schemas/time.h"
#include "schemas/topic.h"
#include "schemas/tree.h"

namespace flyball {

struct MqttSettings {
    std::string broker = "tcp://localhost:1883";
    std::string client_id;  // by default flyball-<region>-<node>
    std::string username;
    // Read anew at each connection; empty: not used.
    std::string password_file;
    std::string ca_file;
    std::string cert_file;
    std::string key_file;
    std::vector<std::string> reply_prefixes{"*/reply/", "*/response/", "clients/"};
    Span keep_alive{std::chrono::seconds{30}};
};

enum class Durability : std::uint8_t { commit, interval, none };
enum class OnLoss : std::uint8_t { start, stop };

struct StateSettings {
    std::string dir;
    Durability durability = Durability::interval;
    Span interval{std::chrono::seconds{1}};
    std::uint64_t max_bytes = std::uint64_t{64} << 20;
    std::size_t segment_bytes = std::size_t{1} << 20;  // no key: simulations make it small
    OnLoss on_loss = OnLoss::start;
};

struct AdmitSettings {
    std::size_t ids_capacity = 8192;
    Span id_window{0};  // zero: ids are kept by count only
};

struct HomeAssistantSettings {
    bool discovery = false;
    std::string prefix = "homeassistant";  // where Home Assistant looks, unless told otherwise
};

// Where each key below [governor] and [[govern]] was written: "governor.quota.main.mode" ->
// "node.toml:12".
using Places = std::map<std::string, std::string, std::less<>>;

struct NodeSettings {
    Root root;
    MqttSettings mqtt;
    StateSettings state;
    Span health_interval{std::chrono::seconds{60}};
    ClockSettings clock;
    Limits limits;
    LogLevel log_level = LogLevel::info;
    std::uint32_t events_keep = 1000;
    AdmitSettings admit;
    HomeAssistantSettings home_assistant;
    std::vector<std::string> control_allow{"*"};
    bool allow_faults = false;
    bool tenant_topics_only = false;
    bool base_governors = true;
    std::map<std::string, Tree> governors;  // "type/name" -> its settings as written
    std::vector<GovernRule> govern;         // only a broker's plugin can do that
    Places places;

    ConfiguredGovernors configured_governors() const { return {governors, base_governors}; }
    // A fault that a governor's type found ("resources.api_calls.limit: must be ..."), with its
    // place in front and its whole key.
    std::string place_of(std::string_view title, std::string_view fault) const;
    std::vector<std::string> places_of(const std::vector<ConfigFault>& faults) const;
};

}  // namespace flyball
