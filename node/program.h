#pragma once
// The daemon as a program: what `flyball-node` does with its arguments, from the configuration to
// the exit status. Whoever forks runs it in the child as well. Main thread.

namespace flyball {

// Runs until the node is asked to stop. 0 asked to stop, 64 usage, 70 internal, 73 the state folder
// cannot be used. The arguments have to outlive it: a reload reads them again.
int run_node(int argc, const char* const* argv);

}  // namespace flyball
