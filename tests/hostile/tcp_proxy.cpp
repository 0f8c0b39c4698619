#include "tests/hostile/tcp_proxy.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <stdexcept>

namespace flyball::testing {

namespace {

constexpr std::size_t read_bytes = 16 * 1024;
constexpr int look_again_ms = 1;  // while bytes wait for their time
constexpr int never_ms = -1;

sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

void send_at_once(int socket) {
    const int on = 1;
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

}  // namespace

TcpProxy::TcpProxy(std::uint16_t server) : server_(server) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    if (::bind(listener_, reinterpret_cast<const sockaddr*>(&address), size) != 0 ||
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0 ||
        ::listen(listener_, 16) != 0 || ::pipe2(wake_, O_CLOEXEC) != 0) {
        throw std::runtime_error("no loopback port for a proxy");
    }
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { run(); });
}

TcpProxy::~TcpProxy() {
    {
        const std::scoped_lock lock(mutex_);
        ending_ = true;
    }
    wake();
    thread_.join();
    for (const Pair& pair : pairs_) {
        close(pair, false);
    }
    for (const int descriptor : {listener_, wake_[0], wake_[1]}) {
        ::close(descriptor);
    }
}

std::string TcpProxy::address() const {
    return fmt::format("tcp://127.0.0.1:{}", port_);
}

void TcpProxy::wake() const {
    [[maybe_unused]] const ssize_t told = ::write(wake_[1], "", 1);
}

void TcpProxy::delay(Span by) {
    const std::scoped_lock lock(mutex_);
    delay_ = by;
}

void TcpProxy::pass_at_once(std::size_t bytes) {
    const std::scoped_lock lock(mutex_);
    at_once_ = bytes;
}

void TcpProxy::cut_after(Way way, std::size_t bytes) {
    const std::scoped_lock lock(mutex_);
    cut_way_ = way;
    cut_left_ = bytes;
}

void TcpProxy::hold() {
    {
        const std::scoped_lock lock(mutex_);
        held_ = true;
    }
    wake();
}

void TcpProxy::release() {
    {
        const std::scoped_lock lock(mutex_);
        held_ = false;
    }
    wake();
}

// A reset, not a farewell: nobody gets what is still under way.
void TcpProxy::close(const Pair& pair, bool reset) {
    const linger abrupt{.l_onoff = 1, .l_linger = 0};
    for (const int descriptor : {pair.client, pair.server}) {
        if (reset) {
            ::setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &abrupt, sizeof abrupt);
        }
        ::close(descriptor);
    }
}

void TcpProxy::accept_one() {
    const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    const int server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_in address = loopback(server_);
    if (client < 0 ||
        ::connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        ::close(client);
        ::close(server);
        return;
    }
    send_at_once(client);
    send_at_once(server);
    connections_.fetch_add(1);
    pairs_.push_back({.client = client,
                      .server = server,
                      .to_client = {.from = server, .to = client},
                      .to_server = {.from = client, .to = server}});
}

void TcpProxy::read(Flow& flow, Pair& pair) {
    std::array<char, read_bytes> buffer{};
    const ssize_t got = ::recv(flow.from, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (got == 0) {
        flow.ended = true;
    } else if (got < 0) {
        pair.over = errno != EAGAIN;
    } else {
        const std::scoped_lock lock(mutex_);
        flow.waiting.push_back({.due = Clock::now() + delay_,
                                .bytes = {buffer.data(), static_cast<std::size_t>(got)}});
    }
}

// How much of it may pass before the cut that was asked for.
std::size_t TcpProxy::allowed(Way way, std::size_t bytes) {
    const std::scoped_lock lock(mutex_);
    const std::size_t piece = at_once_ == 0 ? bytes : std::min(bytes, at_once_);
    return cut_way_ == way ? std::min(piece, cut_left_) : piece;
}

void TcpProxy::pass(Flow& flow, Pair& pair, Way way) {
    while (!flow.waiting.empty() && flow.waiting.front().due <= Clock::now() && !pair.over) {
        Piece& piece = flow.waiting.front();
        const std::size_t bytes = allowed(way, piece.bytes.size());
        const ssize_t sent =
            ::send(flow.to, piece.bytes.data(), bytes, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0) {
            pair.over = errno != EAGAIN;
            return;
        }
        const auto passed = static_cast<std::size_t>(sent);
        piece.bytes.erase(0, passed);
        if (piece.bytes.empty()) {
            flow.waiting.pop_front();
        }
        const std::scoped_lock lock(mutex_);
        // A cut that was asked for while a piece was on its way may be for fewer bytes than it had.
        if (cut_way_ == way && (cut_left_ -= std::min(cut_left_, passed)) == 0) {
            cut_way_.reset();
            cuts_.fetch_add(1);
            for (Pair& every : pairs_) {
                every.over = true;
            }
        }
        if (at_once_ != 0) {
            return;  // the reader gets its turn before the next piece
        }
    }
    pair.over = pair.over || (flow.ended && flow.waiting.empty());
}

void TcpProxy::move(const std::vector<pollfd>& watched) {
    std::size_t at = 2;
    for (Pair& pair : pairs_) {
        for (Flow* flow : {&pair.to_client, &pair.to_server}) {
            if (watched[at++].revents != 0 && !flow->ended) {
                read(*flow, pair);
            }
        }
        pass(pair.to_client, pair, Way::to_client);
        pass(pair.to_server, pair, Way::to_server);
    }
    pairs_.remove_if([](const Pair& pair) {
        if (pair.over) {
            close(pair, true);
        }
        return pair.over;
    });
    if ((watched[1].revents & POLLIN) != 0) {
        accept_one();
    }
}

void TcpProxy::run() {
    while (true) {
        bool held = false;
        int wait_ms = never_ms;
        {
            const std::scoped_lock lock(mutex_);
            held = held_;
            wait_ms = at_once_ != 0 ? 0 : look_again_ms;
            if (ending_) {
                return;
            }
        }
        std::vector<pollfd> watched{{wake_[0], POLLIN, 0}};
        bool waits = false;
        if (!held) {
            watched.push_back({listener_, POLLIN, 0});
            for (const Pair& pair : pairs_) {
                for (const Flow* flow : {&pair.to_client, &pair.to_server}) {
                    watched.push_back({flow->ended ? -1 : flow->from, POLLIN, 0});
                    waits = waits || !flow->waiting.empty();
                }
            }
        }
        ::poll(watched.data(), watched.size(), waits ? wait_ms : never_ms);
        if ((watched[0].revents & POLLIN) != 0) {
            char told = 0;
            [[maybe_unused]] const ssize_t got = ::read(wake_[0], &told, 1);
        }
        if (!held) {
            move(watched);
        }
    }
}

}  // namespace flyball::testing
