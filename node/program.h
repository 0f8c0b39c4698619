#pragma once
// The daemon as a program: what `flyball-node` does with its arguments, from the configuration to
// the exit status; and what it shares with the node inside a broker.

#include <functional>
#include <memory>

#include "node/node.h"
#include "node/service/keeper_pulse.h"

namespace flyball {

struct NodeHost {
    Waker& waker;
    Log& log;
    ClockSample started;
    std::size_t inline_bytes = 4096;  // as in NodeOptions
    KeeperPulse* pulse = nullptr;     // of the thread that keeps the state; outlives the node
};
// A node with its state folder open and its random numbers drawn. ErrorCode::state: the folder
// cannot be used.
Result<std::unique_ptr<Node>> make_node(NodeSettings settings, std::unique_ptr<Transport> transport,
                                        const NodeHost& host, std::function<Config()> reread);

// Runs until the node is asked to stop. 0 asked to stop, 64 usage, 70 internal, 73 the state folder
// cannot be used. The arguments have to outlive it: a reload reads them again. Main thread; whoever
// forks runs it in the child as well.
int run_node(int argc, const char* const* argv);

}  // namespace flyball
