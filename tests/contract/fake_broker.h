#pragma once
// A broker that says what a test wants it to, byte by byte: refusals, silence, garbage. Listens on
// a free loopback port; each connection has a thread that runs the script and ends with it.

#include <atomic>
#include <cstdint>
#include <functional>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace flyball::testing {

struct Packet {
    std::uint8_t type = 0;  // the high half of the first byte
    std::string body;       // without the fixed header
    bool is(std::uint8_t wanted) const { return type == wanted; }
};

namespace packet_type {
inline constexpr std::uint8_t connect = 1;
inline constexpr std::uint8_t publish = 3;
inline constexpr std::uint8_t subscribe = 8;
inline constexpr std::uint8_t disconnect = 14;
}  // namespace packet_type

// What a CONNECT asked for.
struct ConnectFields {
    int level = 0;
    bool clean = false;
    int keep_alive_s = 0;
    std::string properties;  // raw; empty with 3.1.1
    std::string password;
};
ConnectFields parse_connect(const Packet& packet);

class FakeConnection {
public:
    FakeConnection(int descriptor, int number) : descriptor_(descriptor), number_(number) {}
    int number() const { return number_; }    // 1 for the first connection to this broker
    std::optional<Packet> read() const;       // nothing when the client is gone
    void send(std::string_view bytes) const;  // errors are the client's business
    void accept_connect(int level) const;     // CONNACK 0
    void accept_subscribe(const Packet& packet, int level, std::uint8_t code = 1) const;
    // CONNECT, CONNACK, SUBSCRIBEs, SUBACKs, then whatever comes, until the client is gone.
    void behave() const;
    // CONNECT and CONNACK; what the CONNECT asked for, nothing when the client is gone.
    std::optional<ConnectFields> let_in() const;

private:
    int descriptor_;
    int number_;
};

class FakeBroker {
public:
    using Script = std::function<void(const FakeConnection&)>;
    explicit FakeBroker(Script script);
    ~FakeBroker();
    FakeBroker(const FakeBroker&) = delete;
    FakeBroker& operator=(const FakeBroker&) = delete;

    std::string address() const;
    std::uint16_t port() const { return port_; }
    int connections() const { return connections_.load(); }

private:
    void accept_all();

    Script script_;
    int listener_ = -1;
    std::uint16_t port_ = 0;
    std::atomic<bool> ending_{false};
    std::atomic<int> connections_{0};
    std::mutex mutex_;
    std::list<int> descriptors_;
    std::vector<std::thread> scripts_;
    std::thread acceptor_;
};

}  // namespace flyball::testing
