#pragma once
// `flyball-node --fork-server`: a process that has loaded and touched all that nodes share, and
// forks a node for each order it reads. Such a node has the pages of libraries, relocations and
// tables in common with its siblings: a third of the memory of one that was started by itself.
// One thread and no MQTT client before a fork, for neither survives one.
//
// Orders on stdin, one JSON object a line: {"arguments":[...],"stderr":"FILE"}. Answers on stdout:
// {"started":PID} or {"failed":"why"}, in the order of the orders, and {"ended":PID,"status":N} or
// {"ended":PID,"signal":N} when one is over. At the end of stdin, at SIGTERM and at SIGINT every
// child gets SIGTERM, SIGKILL 10 s later, and the server ends; when it is killed, so are they.
// Bounded: a line of 64 KiB, 4,096 children.

#include <string>
#include <vector>

namespace flyball {

// `arguments`: those behind --fork-server, of which there are none. 0 asked to end, 64 usage.
int run_fork_server(const std::vector<std::string>& arguments);

}  // namespace flyball
