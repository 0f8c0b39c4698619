#include "tests/e2e/service_socket.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <stdexcept>

namespace flyball::testing {
namespace {

using Clock = std::chrono::steady_clock;
constexpr Span patience{20'000};

Span left_until(Clock::time_point deadline) {
    return std::max(Span{0}, std::chrono::duration_cast<Span>(deadline - Clock::now()));
}

}  // namespace

ServiceSocket::ServiceSocket() : fd_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    std::string pattern = (std::filesystem::temp_directory_path() / "flyball-notify-XXXXXX");
    if (::mkdtemp(pattern.data()) == nullptr) {
        throw std::runtime_error("no temporary folder for a socket");
    }
    folder_ = pattern;
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string path = folder_ / "notify";
    path.copy(address.sun_path, sizeof(address.sun_path) - 1);
    if (::bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        throw std::runtime_error("no socket at " + path);
    }
}

ServiceSocket::~ServiceSocket() {
    ::close(fd_);
    std::error_code ignored;  // a leftover folder in the temporary directory fails no test
    std::filesystem::remove_all(folder_, ignored);
}

std::string ServiceSocket::variable() const {
    return "NOTIFY_SOCKET=" + (folder_ / "notify").string();
}

std::string ServiceSocket::next(Span span) const {
    pollfd readable{fd_, POLLIN, 0};
    if (::poll(&readable, 1, static_cast<int>(span.count())) <= 0) {
        return {};
    }
    std::array<char, 4096> buffer{};
    const ssize_t size = ::recv(fd_, buffer.data(), buffer.size(), MSG_DONTWAIT);
    return {buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0))};
}

std::string ServiceSocket::await(const std::function<bool(const std::string&)>& wanted) {
    const auto deadline = Clock::now() + patience;
    std::string last;
    while (Clock::now() < deadline) {
        std::string message = next(left_until(deadline));
        if (wanted(message)) {
            return message;
        }
        last = std::move(message);
    }
    throw std::runtime_error("the service manager waits in vain; it heard last: " + last);
}

std::string ServiceSocket::await_text(const std::string& part) {
    return await(
        [&](const std::string& message) { return message.find(part) != std::string::npos; });
}

std::size_t ServiceSocket::count(const std::string& text, Span span) {
    const auto deadline = Clock::now() + span;
    std::size_t seen = 0;
    while (Clock::now() < deadline) {
        seen += next(left_until(deadline)) == text ? 1U : 0U;
    }
    return seen;
}

}  // namespace flyball::testing
