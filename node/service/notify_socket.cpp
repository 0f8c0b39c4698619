#include "node/service/notify_socket.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <utility>

namespace flyball {

std::optional<NotifySocket> NotifySocket::open(std::string_view address) {
    const bool named = address.starts_with('/') || address.starts_with('@');
    if (!named || address.size() < 2 || address.size() >= sizeof(sockaddr_un{}.sun_path)) {
        return std::nullopt;
    }
    const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return std::nullopt;
    }
    std::string kernel_address(address);
    if (address.starts_with('@')) {
        kernel_address.front() = '\0';
    }
    return NotifySocket(fd, std::move(kernel_address));
}

NotifySocket::NotifySocket(NotifySocket&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), address_(std::move(other.address_)) {}

NotifySocket::~NotifySocket() {
    if (fd_ >= 0) {
        ::close(fd_);
    }
}

bool NotifySocket::send(std::string_view lines) const noexcept {
    sockaddr_un to{};
    to.sun_family = AF_UNIX;
    std::ranges::copy(address_, to.sun_path);
    const auto to_bytes = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address_.size());
    // A service manager that does not read must not hold up the node: MSG_DONTWAIT.
    return ::sendto(fd_, lines.data(), lines.size(), MSG_NOSIGNAL | MSG_DONTWAIT,
                    reinterpret_cast<const sockaddr*>(&to),
                    to_bytes) == static_cast<ssize_t>(lines.size());
}

}  // namespace flyball
