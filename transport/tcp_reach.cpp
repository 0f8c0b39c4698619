#include "transport/tcp_reach.h"

#include <fmt/format.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <system_error>

namespace flyball {
namespace {

std::string text_of(int error) {
    return std::generic_category().message(error);
}

// An address of a family that this machine has no way to says nothing of the broker: where another
// address failed as well, that failure is the one to tell.
bool has_no_way(int error) {
    return error == EAFNOSUPPORT || error == EADDRNOTAVAIL || error == ENETUNREACH;
}

// The socket, or -1 and why in `error`.
int connect_one(const addrinfo& address, const WaitsReady& wait, int& error) {
    const int handle = ::socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (handle < 0) {
        error = errno;
        return -1;
    }
    error = ::connect(handle, address.ai_addr, address.ai_addrlen) == 0 ? 0 : errno;
    if (error == EINPROGRESS) {
        error = ETIMEDOUT;
        if (wait(handle, POLLOUT)) {
            socklen_t size = sizeof error;
            ::getsockopt(handle, SOL_SOCKET, SO_ERROR, &error, &size);
        }
    }
    if (error != 0) {
        ::close(handle);
        return -1;
    }
    return handle;
}

}  // namespace

std::string bare_host(const std::string& host) {
    return host.starts_with('[') ? host.substr(1, host.find(']') - 1) : host;
}

std::string unreached(const std::string& place, int error) {
    switch (error) {
        case ECONNREFUSED:
            return fmt::format("nothing listens on {}: does the broker run, is that its port?",
                               place);
        case ETIMEDOUT:
            return fmt::format(
                "no answer from {} in time: is the address right, the network up, a firewall in "
                "between?",
                place);
        case EPERM:
        case EACCES:
            return fmt::format(
                "{} cannot be reached: {}: a rule of this machine forbids it, IPAddressAllow= of "
                "the service or a firewall",
                place, text_of(error));
        case EHOSTUNREACH:
        case ENETUNREACH:
            return fmt::format("{} cannot be reached: {}: is the address right, the network up?",
                               place, text_of(error));
        default: return fmt::format("{} cannot be reached: {}", place, text_of(error));
    }
}

Reached reach(const std::string& host, std::uint16_t port, const WaitsReady& wait) {
    addrinfo wanted{};
    wanted.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    const std::string name = bare_host(host);
    const int failed = ::getaddrinfo(name.c_str(), std::to_string(port).c_str(), &wanted, &found);
    if (failed != 0) {
        return {-1,
                fmt::format("the name {} cannot be resolved: {}: is it spelt right, does the "
                            "DNS server answer?",
                            name, failed == EAI_SYSTEM ? text_of(errno) : ::gai_strerror(failed))};
    }
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> all(found, ::freeaddrinfo);
    int told = 0;
    for (const addrinfo* one = all.get(); one != nullptr; one = one->ai_next) {
        int error = 0;
        if (const int handle = connect_one(*one, wait, error); handle >= 0) {
            return {handle, {}};
        }
        told = told == 0 || !has_no_way(error) ? error : told;
    }
    return {-1, unreached(fmt::format("{}:{}", host, port), told)};
}

}  // namespace flyball
