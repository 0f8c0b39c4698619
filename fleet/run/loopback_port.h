#pragma once
// Loopback TCP ports for brokers: free ones, and whether somebody answers there. Any thread.

#include <sys/types.h>

#include <cstdint>
#include <vector>

namespace flyball {

// Free at the moment, each another, and none of those that the system gives to outgoing
// connections: a broker that was killed finds its port free again when it comes back. Fewer when
// there are not so many.
std::vector<std::uint16_t> free_ports(std::size_t count);
bool port_answers(std::uint16_t port);
// Whether it is this process that listens there. False also where /proc does not tell.
bool port_held_by(std::uint16_t port, pid_t pid);

// A listening socket on a port of the system's choice; -1 when there is none.
int listen_on_loopback(std::uint16_t& port);
// A connected socket; -1 when nobody listens there.
int connect_to_loopback(std::uint16_t port);

}  // namespace flyball
