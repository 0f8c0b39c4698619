#pragma once
// What a plugin has to know of the configuration of the broker that it runs in, which the broker
// does not tell: whether an access list would answer after it, and whether its events come at all.
// Reads like Mosquitto 2.0: words split by spaces, include_dir in the main file only. One thread.

#include <cstddef>
#include <string>
#include <vector>

#include "node/config.h"

namespace flyball {

struct BrokerFile {
    std::string unknown{};      // why nothing is known; empty: all that follows is
    bool per_listener = false;  // per_listener_settings true
    bool has_acl_file = false;
    bool has_unix_socket = false;
    std::size_t plugins = 0;  // of any kind, this one too
};

// The file that this process was started with (`-c`), by what `machine` can read.
BrokerFile read_broker_file(const ConfigInput& machine);

// Why the plugin cannot run at all in this broker; empty: it can.
std::string why_not_here(const BrokerFile& file);
// Why it cannot govern subscriptions there: "allow" would go past the broker's access list, or
// "not my business" would close the broker, or nobody knows which. Empty: it can.
std::string why_no_subscriptions(const BrokerFile& file);

}  // namespace flyball
