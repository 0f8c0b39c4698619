#include "fleet/run/loopback_port.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <random>

namespace flyball {
namespace {

// Below 32,768, where Linux begins to choose ports for connections, and above where services live.
constexpr std::uint32_t first_port = 12'000;
constexpr std::uint32_t ports = 20'000;
constexpr int attempts = 200;
constexpr int backlog = 64;

sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

int make_socket() {
    return ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

bool bind_to(int fd, std::uint16_t port) {
    const sockaddr_in address = loopback(port);
    return ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

}  // namespace

std::uint16_t free_port() {
    std::random_device random;
    for (int i = 0; i < attempts; ++i) {
        const auto port = static_cast<std::uint16_t>(first_port + random() % ports);
        const int fd = make_socket();
        const bool is_free = bind_to(fd, port);
        ::close(fd);
        if (is_free) {
            return port;
        }
    }
    return 0;
}

int connect_to_loopback(std::uint16_t port) {
    const int fd = make_socket();
    const sockaddr_in address = loopback(port);
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
        return fd;
    }
    ::close(fd);
    return -1;
}

bool port_answers(std::uint16_t port) {
    const int fd = connect_to_loopback(port);
    if (fd >= 0) {
        ::close(fd);
    }
    return fd >= 0;
}

int listen_on_loopback(std::uint16_t& port) {
    const int fd = make_socket();
    sockaddr_in address{};
    socklen_t size = sizeof address;
    if (bind_to(fd, 0) && ::listen(fd, backlog) == 0 &&
        ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0) {
        port = ntohs(address.sin_port);
        return fd;
    }
    ::close(fd);
    return -1;
}

}  // namespace flyball
