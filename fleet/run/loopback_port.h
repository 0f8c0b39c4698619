#pragma once
// Loopback TCP ports for brokers: free ones, and whether somebody answers there. Any thread.

#include <cstdint>

namespace flyball {

// Free at the moment, and none of those that the system gives to outgoing connections: a broker
// that was killed finds its port free again when it comes back. 0: there is none.
std::uint16_t free_port();
bool port_answers(std::uint16_t port);

// A listening socket on a port of the system's choice; -1 when there is none.
int listen_on_loopback(std::uint16_t& port);
// A connected socket; -1 when nobody listens there.
int connect_to_loopback(std::uint16_t port);

}  // namespace flyball
