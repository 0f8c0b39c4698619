#pragma once
// All that a run of a fleet measured, as a plain value: what the report is made from. What was not
// measured is empty, and the report says so.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "fleet/checker/fleet_checker.h"
#include "fleet/load/load_figures.h"
#include "schemas/time.h"

namespace flyball {

struct Restart {
    std::string node;       // "eu-west/pi-7", or a broker: "eu-west/broker"
    std::string cause;      // "kill", "broker", "pause", "cut", or how it ended by itself
    double at_s = 0;        // since the load began
    double detect_ms = 0;   // from its end until the supervisor knew
    double restart_ms = 0;  // from then until it was online again
};

// Sums of proportional set sizes, bytes.
struct MemorySample {
    double at_s = 0;  // since the load began
    std::uint64_t nodes_pss_bytes = 0;
    std::uint64_t brokers_pss_bytes = 0;
    std::uint64_t tool_pss_bytes = 0;
};

struct CpuFigures {  // seconds of processor time while the load ran
    double nodes_s = 0;
    double brokers_s = 0;
    double tool_s = 0;
};

// One node whose rings the tool has filled.
struct FilledNode {
    std::uint64_t raw_bytes = 0;       // its state as plain msgpack maps
    std::uint64_t snapshot_bytes = 0;  // as it is kept
    std::uint64_t governors = 0;
    std::uint64_t ring_events = 0;  // in each ring
    // Of all its governors, with one tenant and no ids: after one event each, and with full rings.
    std::uint64_t begun_governor_bytes = 0;
    std::uint64_t ring_governor_bytes = 0;
    std::uint64_t governor_bytes = 0;  // with a hundred tenants and full memories of ids, too
};

// What a node's process is.
enum class NodeHomes : std::uint8_t {
    forks,      // of a warmed one
    processes,  // by themselves
    brokers,    // its region's broker: what is measured of nodes has the brokers in it
};

struct FleetFigures {
    std::string run;      // its name
    std::string version;  // of the tool
    Instant at{};         // when it began
    std::uint64_t seed = 0;
    NodeHomes homes = NodeHomes::forks;
    bool tls = false;   // every connection, with a certificate for each
    std::string chaos;  // "kill=1/10s", empty when there was none
    bool default_rate = true;

    std::size_t devices = 0;
    std::size_t devices_up = 0;  // at the end
    std::size_t governors = 0;
    std::size_t governors_up = 0;
    std::vector<std::string> not_up;  // nodes, and why
    double fleet_up_s = 0;            // from the first spawn to the last node online
    std::vector<double> startup_ms;   // of each node, exec or fork to subscribed

    LoadFigures load;
    std::optional<LoadFigures> throughput;  // as fast as answers came, in batches
    MemorySample memory;                    // at the end of the load
    std::vector<MemorySample> memory_samples;
    // Nodes of the other kind, forked or plain, for comparison; bytes a node.
    std::optional<std::uint64_t> other_kind_pss_bytes;
    std::uint64_t governor_bytes = 0;  // of all governors by health, at the end of the load
    CpuFigures cpu;
    std::optional<FilledNode> filled;
    std::vector<Restart> restarts;
    std::uint64_t broker_dropped = 0;  // messages, by the brokers' own count
    std::uint64_t faults = 0;          // made on purpose

    std::vector<checker::InvariantLine> invariants;
    std::vector<std::string> violations;
    double machine_cost = 24;  // dollars a month, of a machine of 256 MB
    std::string machine;       // what it ran on, and how busy that was
};

}  // namespace flyball
