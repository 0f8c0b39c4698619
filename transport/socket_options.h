#pragma once
// TCP_NODELAY on sockets that a library opened and keeps to itself. Paho C 1.3.12 never sets the
// option; with Nagle's algorithm on, the PUBACK and the reply of a QoS 1 request meet the peer's
// delayed acknowledgement and each round trip takes 44 ms instead of 0.2. Any thread.

#include <cstddef>
#include <cstdint>

namespace flyball {

// Sets it on each TCP socket of this process whose peer has that port; returns how many there are.
std::size_t disable_nagle(std::uint16_t peer_port) noexcept;

}  // namespace flyball
