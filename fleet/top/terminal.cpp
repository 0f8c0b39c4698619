#include "fleet/top/terminal.h"

#include <fmt/format.h>
#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>

#include "fleet/verb.h"
#include "schemas/expects.h"

namespace flyball {
namespace {

// An own screen, no cursor; and back.
constexpr std::string_view enter_screen = "\x1b[?1049h\x1b[?25l\x1b[H\x1b[2J";
constexpr std::string_view leave_screen = "\x1b[0m\x1b[?25h\x1b[?1049l";

constexpr std::size_t columns_min = 20;  // below it nothing can be read; lines are cut by the
constexpr std::size_t rows_min = 5;      // terminal then

void watch(int epoll_fd, int fd) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event);
}

}  // namespace

Result<bool> Terminal::possible() {
    if (isatty(STDIN_FILENO) != 1 || isatty(STDOUT_FILENO) != 1) {
        return Error{ErrorCode::usage,
                     "no terminal to draw on: --once prints, --json for machines"};
    }
    return true;
}

ResizeSignal::ResizeSignal() : fd_(-1) {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGWINCH);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    fd_ = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    expects(fd_ >= 0, "a signalfd");
}

ResizeSignal::~ResizeSignal() {
    close(fd_);
}

bool ResizeSignal::take() {
    signalfd_siginfo info{};
    return read(fd_, &info, sizeof info) > 0;
}

Terminal::Terminal(const std::vector<int>& fds) : epoll_fd_(epoll_create1(EPOLL_CLOEXEC)) {
    expects(epoll_fd_ >= 0, "an epoll descriptor");
    watch(epoll_fd_, STDIN_FILENO);
    for (const int fd : fds) {
        watch(epoll_fd_, fd);
    }
    tcgetattr(STDIN_FILENO, &before_);
    termios raw = before_;
    raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);  // Ctrl-C stays a signal
    raw.c_iflag &= ~static_cast<tcflag_t>(IXON);
    raw.c_cc[VMIN] = 0;
    raw.c_cc[VTIME] = 0;
    tcsetattr(STDIN_FILENO, TCSANOW, &raw);
    print(enter_screen);
}

Terminal::~Terminal() {
    print(leave_screen);
    tcsetattr(STDIN_FILENO, TCSANOW, &before_);
    close(epoll_fd_);
}

ScreenSize Terminal::size() const {
    winsize size{};
    ScreenSize found;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0) {
        found = {size.ws_col, size.ws_row};
    }
    return {std::max(found.columns, columns_min), std::max(found.rows, rows_min)};
}

void Terminal::show(const std::vector<std::string>& lines) {
    std::string out;
    if (shown_.size() != lines.size()) {
        shown_.assign(lines.size(), "");
        out += "\x1b[0m\x1b[H\x1b[2J";
    }
    for (std::size_t i = 0; i < lines.size(); ++i) {
        if (lines[i] != shown_[i]) {
            out += fmt::format("\x1b[{};1H{}\x1b[0m\x1b[K", i + 1, lines[i]);
        }
    }
    shown_ = lines;
    print(out);
}

std::string Terminal::typed() const {
    std::array<char, 256> buffer{};
    const ssize_t count = read(STDIN_FILENO, buffer.data(), buffer.size());
    return count > 0 ? std::string(buffer.data(), static_cast<std::size_t>(count)) : std::string();
}

bool Terminal::gone() const {
    pollfd look{STDIN_FILENO, POLLIN, 0};
    return poll(&look, 1, 0) == 1 && (look.revents & (POLLHUP | POLLERR | POLLNVAL)) != 0;
}

}  // namespace flyball
