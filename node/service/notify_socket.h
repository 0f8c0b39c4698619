#pragma once
// The line to a service manager: systemd's notification protocol is one datagram a word to the
// socket that $NOTIFY_SOCKET names. Without libsystemd, which would cost every node its
// relocations. Any thread.

#include <optional>
#include <string>
#include <string_view>

namespace flyball {

class NotifySocket {
public:
    // `address`: a path, or with an @ in front a name in Linux's abstract space. Nothing when it is
    // neither, or longer than a socket's address may be.
    static std::optional<NotifySocket> open(std::string_view address);
    ~NotifySocket();
    NotifySocket(NotifySocket&& other) noexcept;
    NotifySocket& operator=(NotifySocket&&) = delete;

    // Lines like "READY=1\nSTATUS=online". Never waits; false when it could not be sent just now.
    bool send(std::string_view lines) const noexcept;

private:
    NotifySocket(int fd, std::string address) : fd_(fd), address_(std::move(address)) {}

    int fd_;
    std::string address_;  // as the kernel takes it
};

}  // namespace flyball
