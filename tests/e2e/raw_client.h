#pragma once
// An MQTT client over a plain socket that shows what no library does: the reason codes of every
// acknowledgement, in MQTT 5 and 3.1.1. One thread; waits have a deadline and throw when it passes.

#include <cstdint>
#include <deque>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>

#include "transport/tls_openssl.h"

namespace flyball::testing {

class RawClient {
public:
    struct Identity {  // TLS with these files; empty: none
        std::string ca_file{};
        std::string cert_file{};
        std::string key_file{};
    };
    struct Login {
        int version = 5;  // or 4: MQTT 3.1.1
        std::string client_id{};
        std::string user{};  // empty: none
        std::string password{};
        Identity identity{};
        std::string will_topic{};  // empty: no will
    };
    struct Arrived {
        std::string topic;
        std::string payload;
        bool operator==(const Arrived&) const = default;
        friend void PrintTo(const Arrived& arrived, std::ostream* out) {
            *out << arrived.topic << ": " << arrived.payload;
        }
    };

    RawClient(std::uint16_t port, const Login& login);
    // Breaks the connection off, so that the broker publishes the will.
    ~RawClient();
    RawClient(const RawClient&) = delete;
    RawClient& operator=(const RawClient&) = delete;

    // The reason code of a refusal, 0 without one; nothing is acknowledged at QoS 0.
    int publish(std::string_view topic, std::string_view payload = "x", int qos = 1,
                bool retain = false);
    // The code of the SUBACK.
    int subscribe(std::string_view filter);
    // Returns when the broker has dealt with all that was sent before.
    void ping();
    // The next message that a subscription brings.
    Arrived receive();
    // All that have come; nothing is waited for.
    std::deque<Arrived> take() { return std::exchange(arrived_, {}); }

private:
    struct Packet {
        int type = 0;
        int flags = 0;
        std::string body;
    };
    void begin_tls(const Identity& identity);
    void send(int head, const std::string& body) const;
    std::string read(std::size_t bytes) const;
    Packet read_packet();
    Packet await(int type);  // keeps what a subscription brings meanwhile
    void keep(const Packet& publish);
    int reason_of(const Packet& ack) const;

    int version_;
    int socket_ = -1;
    tls::Context context_;
    tls::Session session_;
    std::uint16_t packet_id_ = 0;
    std::deque<Arrived> arrived_;
};

}  // namespace flyball::testing
