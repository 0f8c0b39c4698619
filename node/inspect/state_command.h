#pragma once
// The command line `flyball-node state VERB PATH`: works alone, off-line and beside a running node.
// Main thread.

#include <string>
#include <vector>

namespace flyball {

// Runs it on `arguments`, those behind `state`; prints, and returns the program's exit status: 0
// done, 1 not sound or a difference, 64 usage, 70 internal, 73 the state cannot be read.
int run_state_command(std::vector<std::string> arguments);

}  // namespace flyball
