#pragma once
// A wire that a test holds in its hand: connections to a loopback port, passed on to another one,
// late, byte by byte, cut in the middle of a packet, or held so that nobody hears of anything any
// more. One thread passes bytes; the calls are for any other.

#include <poll.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "schemas/time.h"

namespace flyball::testing {

class TcpProxy {
public:
    enum class Way : std::uint8_t { to_client, to_server };

    explicit TcpProxy(std::uint16_t server);  // throws when no port is free
    ~TcpProxy();
    TcpProxy(const TcpProxy&) = delete;
    TcpProxy& operator=(const TcpProxy&) = delete;

    std::string address() const;  // tcp://127.0.0.1:PORT

    void delay(Span by);                         // of every byte, both ways
    void pass_at_once(std::size_t bytes);        // at most so many in one write; 0: as they come
    void cut_after(Way way, std::size_t bytes);  // all connections, once so many more went there
    void hold();  // half-open: bytes are neither read nor passed on, nobody is told
    void release();
    std::size_t connections() const { return connections_.load(); }
    std::size_t cuts() const { return cuts_.load(); }

private:
    using Clock = std::chrono::steady_clock;
    struct Piece {
        Clock::time_point due;
        std::string bytes;
    };
    struct Flow {  // one direction of a connection
        int from = -1;
        int to = -1;
        std::list<Piece> waiting{};
        bool ended = false;  // nothing more will be read
    };
    struct Pair {
        int client = -1;
        int server = -1;
        Flow to_client{};
        Flow to_server{};
        bool over = false;
    };

    void run();
    void accept_one();
    void read(Flow& flow, Pair& pair);
    void pass(Flow& flow, Pair& pair, Way way);
    std::size_t allowed(Way way, std::size_t bytes);
    void wake() const;
    void move(const std::vector<pollfd>& watched);
    static void close(const Pair& pair, bool reset);

    std::uint16_t server_;
    std::uint16_t port_ = 0;
    int listener_ = -1;
    int wake_[2] = {-1, -1};
    std::list<Pair> pairs_;
    std::atomic<std::size_t> connections_{0};
    std::atomic<std::size_t> cuts_{0};
    std::mutex mutex_;  // of what follows
    Span delay_{0};
    std::size_t at_once_ = 0;
    std::optional<Way> cut_way_;
    std::size_t cut_left_ = 0;
    bool held_ = false;
    bool ending_ = false;
    std::thread thread_;
};

}  // namespace flyball::testing
