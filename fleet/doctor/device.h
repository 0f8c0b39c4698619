#pragma once
// What `flyball doctor` is to look at: which node, with what settings, which its own program tells;
// a tool that guessed them would guess wrong. Main thread.

#include <optional>
#include <string>
#include <string_view>

#include "fleet/bus.h"
#include "fleet/doctor/findings.h"
#include "fleet/doctor/unit.h"
#include "fleet/node_name.h"

namespace flyball {

struct DoctorOptions {
    BusOptions bus;
    bool broker_given = false;  // on the command line or in the environment
    std::string node;           // region/node; empty: as configured
    std::string config_file;    // empty: the node's own default
    std::string state_dir;      // empty: as configured
};

// As the node has them in effect.
struct NodeConfig {
    std::string region;
    std::string node;
    std::string state_dir;
    std::int64_t state_bytes_max = 0;
    std::string password_file;
    std::string ca_file;
    std::string cert_file;
    std::string key_file;
};

struct ExaminedDevice {
    std::string program;        // flyball-node; empty: not found
    std::string version;        // of it
    std::string config_file;    // empty: none
    std::string config_folder;  // what is read after it; empty: none
    std::optional<NodeConfig> config;
    std::optional<NodeName> node;
    BusOptions bus;  // how this node is connected, unless another broker was asked for
    // What that login may write and read itself: an access list lets a node read no replies, but
    // its own tick, into which it does not look. Empty: it is not the node's login.
    std::string own_topic;
    std::optional<ServiceUnit> unit;  // when it is installed
    bool is_units_config = false;     // what is looked at is what that unit's node reads
    bool is_service = false;          // ... and `bus` is what it has: its files, too
};

// Looks for the program, its version and its configuration, and says so in `findings`. usage: NODE
// is none.
Result<ExaminedDevice> look_at_device(const DoctorOptions& options, Findings& findings);

// A link is there wherever it leads: the unit's state folder is one into a folder of root's alone.
// What may not be looked at is taken to be there.
bool is_there(const std::string& path);
// What `flyball-node --print-config` printed.
Result<NodeConfig> read_printed_config(std::string_view toml, BusOptions& bus);

}  // namespace flyball
