#include "fleet/run/loopback_port.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <sstream>
#include <string>

namespace flyball {
namespace {

// Below 32,768, where Linux begins to choose ports for connections, and above where services live.
constexpr std::uint32_t first_port = 12'000;
constexpr std::uint32_t ports = 20'000;
constexpr std::size_t attempts = 200;
// Of a line of /proc/net/tcp.
constexpr std::size_t address_field = 1;
constexpr std::size_t state_field = 3;
constexpr std::size_t inode_field = 9;
constexpr const char* listening = "0A";
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

// All stay bound until the last is drawn: two draws cannot be the same.
std::vector<std::uint16_t> free_ports(std::size_t count) {
    std::random_device random;
    std::vector<std::uint16_t> drawn;
    std::vector<int> bound;
    for (std::size_t i = 0; i < count * attempts && drawn.size() < count; ++i) {
        const auto port = static_cast<std::uint16_t>(first_port + random() % ports);
        const int fd = make_socket();
        if (bind_to(fd, port)) {
            drawn.push_back(port);
            bound.push_back(fd);
        } else {
            ::close(fd);
        }
    }
    std::ranges::for_each(bound, ::close);
    return drawn;
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

// /proc/net/tcp names the socket of who listens, /proc/<pid>/fd those of a process.
bool port_held_by(std::uint16_t port, pid_t pid) {
    std::ifstream table("/proc/net/tcp");
    std::string socket;
    for (std::string line; std::getline(table, line);) {
        std::istringstream words(line);
        std::vector<std::string> fields{std::istream_iterator<std::string>(words), {}};
        if (fields.size() > inode_field && fields[state_field] == listening &&
            fields[address_field].ends_with(fmt::format(":{:04X}", port))) {
            socket = "socket:[" + fields[inode_field] + "]";
        }
    }
    std::error_code gone;  // a process that ends meanwhile holds nothing
    std::filesystem::directory_iterator file(fmt::format("/proc/{}/fd", pid), gone);
    for (const std::filesystem::directory_iterator end; file != end; file.increment(gone)) {
        std::error_code closed;
        if (!socket.empty() && std::filesystem::read_symlink(file->path(), closed) == socket) {
            return true;
        }
    }
    return false;
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
