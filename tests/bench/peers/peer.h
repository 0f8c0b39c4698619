#pragma once
// Who is measured: how each is started, what it has to have and which versions it is made of.

#include <string>
#include <vector>

#include "tests/bench/peers/question.h"

namespace flyball::bench {

struct Peer {
    enum class Place { beside_broker, in_broker, in_process };

    std::string name;   // as --only takes it
    std::string title;  // in the table
    Place place = Place::beside_broker;
    // Programs that are the peer together, as words; {port}, {folder} and {ms} are filled in. In
    // the broker: none. In process: one that measures the load, one that measures a governor's
    // memory.
    std::vector<std::vector<std::string>> commands{};
    std::string versions_command{};  // fails when something is missing
    std::string needs{};             // what then to install
    bool decides = true;             // false: an echo
    bool is_node = false;            // has a node's configuration and admin topic

    std::string versions{};  // filled in by look_up(): empty when it cannot run
};

// In the table's order, none of them looked up yet.
std::vector<Peer> all_peers(const QuotaRule& rule, std::size_t in_flight);
void look_up(Peer& peer);

// What a command prints, on one line; empty when it fails.
std::string said_by(const std::string& command);

// The configuration of a node that keeps `rule`, its state below `folder`.
std::string node_config(const QuotaRule& rule, const std::string& folder);
// The plugin that makes a broker a node.
std::string plugin_file();

}  // namespace flyball::bench
