#pragma once
// The transport over Eclipse Paho: MQTT 5, or 3.1.1 where the broker refuses 5; TCP, TLS or
// websockets. Owns its reconnection: Paho's own checks every 3 s at best and subscribes nothing.
// on_message() comes from Paho's receiving thread, on_link() and will() from the link's own thread.
// Bounded: under way `outbound_max` messages, and `outbound_bytes_max` bytes or a message that
// found room; `inbound_packet_max` bytes of a packet.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "schemas/result.h"
#include "schemas/time.h"
#include "transport/backoff.h"
#include "transport/transport.h"

namespace flyball {

struct PahoOptions {
    std::string broker = "tcp://localhost:1883";  // tcp:// mqtt:// mqtts:// ssl:// ws:// wss://
    std::string client_id;
    std::string username;
    std::string password_file;  // this and the TLS files are read anew at every attempt
    std::string ca_file;        // empty: the system's certificates
    std::string cert_file;
    std::string key_file;
    Span keep_alive{30'000};
    std::vector<std::string> filters;  // subscribed at QoS 1 after every connect
    // Whether the broker also sends what it keeps below the filters. A node must not see old
    // requests; a tool that reads health must, and then sees the retain flag on these alone (no
    // Retain As Published). On 3.1.1 a broker always does so.
    bool send_retained = false;
    // A topic of our own: when nothing has arrived for `tick_after`, a message to it keeps Paho's
    // threads awake (after a second of silence its receiver sleeps 100 ms at a time). Subscribed
    // when no filter covers it, never handed to the receiver. Empty: no tick.
    std::string tick_topic;
    Span tick_after{400};
    std::size_t outbound_max = 8192;  // full beyond it; Paho's own bound is 60,000
    // Of messages under way, of which Paho has two copies. From a quarter of it on there is no
    // room: a receiver should decide nothing more. What finds room is taken, however large it is.
    std::size_t outbound_bytes_max = std::size_t{8} << 20U;
    std::size_t inbound_packet_max = 512'000;  // CONNECT property Maximum Packet Size; 0: none
    Backoff::Limits backoff;
    Span connect_timeout{10'000};
    Span name_taken_wait{60'000};  // two nodes of one name must not chase each other
};

// ErrorCode::usage when an option makes no sense. Nothing is connected before start().
Result<std::unique_ptr<Transport>> make_paho(PahoOptions options);

}  // namespace flyball
