#pragma once
// What a browser does with a server on this machine: connections, and one GET.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <string>

namespace flyball::testing {

// A connection that has sent `said`; -1 when nobody listens.
inline int http_connection(std::uint16_t port, const std::string& said) {
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        ::close(socket);
        return -1;
    }
    ::send(socket, said.data(), said.size(), MSG_NOSIGNAL);
    return socket;
}

// Status line, headers, body; empty when nobody answers.
inline std::string http_get(std::uint16_t port, const std::string& path) {
    std::string answer;
    const int socket =
        http_connection(port, "GET " + path + " HTTP/1.0\r\nHost: localhost\r\n\r\n");
    if (socket >= 0) {
        std::array<char, 4096> buffer{};
        for (ssize_t count = 0; (count = ::recv(socket, buffer.data(), buffer.size(), 0)) > 0;) {
            answer.append(buffer.data(), static_cast<std::size_t>(count));
        }
        ::close(socket);
    }
    return answer;
}

}  // namespace flyball::testing
