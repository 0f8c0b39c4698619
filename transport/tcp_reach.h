#pragma once
// A TCP connection to a host by its name, or in words why there is none: to Paho a name that nobody
// knows, a closed port, a silent one and a rule of the service that forbids it are all one failure.
// Any thread; keeps nothing.

#include <cstdint>
#include <functional>
#include <string>

namespace flyball {

// Whether `handle` became ready for `events` of poll(). False: not in time, or nobody waits longer.
using WaitsReady = std::function<bool(int handle, short events)>;

struct Reached {
    int handle = -1;  // non-blocking, the caller's to close; -1: none
    std::string why;  // a sentence, when there is none
};

// `host`: IPv6 in brackets, as in a broker's address. Blocks as long as resolving the name takes,
// which nothing can cut short, and then as long as `wait` does at each of its addresses.
Reached reach(const std::string& host, std::uint16_t port, const WaitsReady& wait);

// Why a connection to `place`, "host:port", failed with this errno, and what to look at.
std::string unreached(const std::string& place, int error);

// Without the brackets.
std::string bare_host(const std::string& host);

}  // namespace flyball
