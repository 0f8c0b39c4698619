#include "node/waiter.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <limits>

namespace flyball {

namespace {

Error failed(const char* what) {
    return {ErrorCode::internal, std::string(what) + ": " + std::strerror(errno)};
}

}  // namespace

Result<std::unique_ptr<Waiter>> Waiter::make() {
    sigset_t signals;
    sigemptyset(&signals);
    for (const int signal : {SIGTERM, SIGINT, SIGHUP}) {
        sigaddset(&signals, signal);
    }
    if (sigprocmask(SIG_BLOCK, &signals, nullptr) != 0) {
        return failed("blocking the signals that end or reload the node");
    }
    const int signal_fd = signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
    if (signal_fd < 0) {
        return failed("a descriptor for signals");
    }
    const int event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (event_fd < 0) {
        const Error error = failed("a descriptor for wake-ups");
        close(signal_fd);
        return error;
    }
    return std::unique_ptr<Waiter>(new Waiter(event_fd, signal_fd));
}

Waiter::~Waiter() {
    close(event_fd_);
    close(signal_fd_);
}

void Waiter::wake() noexcept {
    if (state_.exchange(State::woken) == State::asleep) {
        const std::uint64_t one = 1;
        // The counter cannot overflow: it is read after every wake-up.
        [[maybe_unused]] const ssize_t written = write(event_fd_, &one, sizeof(one));
    }
}

std::optional<int> Waiter::poll_once(Span timeout) const {
    std::array<pollfd, 2> fds{{{event_fd_, POLLIN, 0}, {signal_fd_, POLLIN, 0}}};
    const auto max = static_cast<std::int64_t>(std::numeric_limits<int>::max());
    const auto wait_ms = static_cast<int>(std::clamp<std::int64_t>(timeout.count(), 0, max));
    if (poll(fds.data(), fds.size(), wait_ms) <= 0) {
        return std::nullopt;
    }
    if ((fds[0].revents & POLLIN) != 0) {
        std::uint64_t count = 0;
        [[maybe_unused]] const ssize_t got = read(event_fd_, &count, sizeof(count));
    }
    signalfd_siginfo info{};
    if ((fds[1].revents & POLLIN) != 0 && read(signal_fd_, &info, sizeof(info)) == sizeof(info)) {
        return static_cast<int>(info.ssi_signo);
    }
    return std::nullopt;
}

}  // namespace flyball
