#pragma once
// A broker's address as people write it: tcp:// mqtt:// mqtts:// ssl:// ws:// wss://, a host (IPv6
// in brackets), an optional port and, for websockets, an optional path. Plain value.

#include <cstdint>
#include <string>
#include <string_view>

#include "schemas/result.h"

namespace flyball {

struct BrokerAddress {
    std::string uri;   // with the port, and with a scheme that Paho C 1.3.12 knows
    std::string text;  // as it was written
    std::string host;
    std::uint16_t port = 0;
    bool tls = false;
};

// ErrorCode::usage with a sentence that names the address and what would be right.
Result<BrokerAddress> parse_broker_address(std::string_view text);

}  // namespace flyball
