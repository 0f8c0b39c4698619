#include "transport/broker_address.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace flyball {
namespace {

struct Scheme {
    std::string_view written;
    std::string_view for_paho;  // 1.3.12 knows neither mqtt:// nor mqtts://
    std::uint16_t port;
    bool tls;
};
constexpr std::array<Scheme, 6> schemes{{{"tcp://", "tcp://", 1883, false},
                                         {"mqtt://", "tcp://", 1883, false},
                                         {"mqtts://", "ssl://", 8883, true},
                                         {"ssl://", "ssl://", 8883, true},
                                         {"ws://", "ws://", 80, false},
                                         {"wss://", "wss://", 443, true}}};

Error bad(std::string_view text, std::string_view what) {
    return Error{ErrorCode::usage,
                 fmt::format("broker address \"{}\": {}; write for example tcp://localhost:1883 or "
                             "mqtts://broker.example:8883",
                             text, what)};
}

std::optional<std::uint16_t> parse_port(std::string_view digits) {
    std::uint16_t port = 0;
    const char* const end = digits.data() + digits.size();
    const auto [stopped, error] = std::from_chars(digits.data(), end, port);
    if (error != std::errc{} || stopped != end || port == 0) {
        return std::nullopt;
    }
    return port;
}

}  // namespace

Result<BrokerAddress> parse_broker_address(std::string_view text) {
    const auto* const scheme = std::find_if(schemes.begin(), schemes.end(), [&](const Scheme& s) {
        return text.starts_with(s.written);
    });
    if (scheme == schemes.end()) {
        return bad(text, "starts with none of tcp:// mqtt:// mqtts:// ssl:// ws:// wss://");
    }
    const std::string_view rest = text.substr(scheme->written.size());
    const std::size_t path_at = std::min(rest.find('/'), rest.size());
    const std::string_view authority = rest.substr(0, path_at);
    const std::size_t bracket = authority.rfind(']');
    const std::size_t colon = authority.rfind(':');
    const bool has_port =
        colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket);
    BrokerAddress address;
    address.text = text;
    address.host = authority.substr(0, has_port ? colon : authority.size());
    if (address.host.empty() || address.host.find_first_of(" @?#") != std::string::npos) {
        return bad(text, "has no host, or one with characters that no host has");
    }
    const auto port = has_port ? parse_port(authority.substr(colon + 1)) : scheme->port;
    if (!port) {
        return bad(text, "has a port that is no number from 1 to 65535");
    }
    address.port = *port;
    address.tls = scheme->tls;
    address.uri = fmt::format("{}{}:{}{}", scheme->for_paho, address.host, address.port,
                              rest.substr(path_at));
    return address;
}

}  // namespace flyball
