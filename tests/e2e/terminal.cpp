#include "tests/e2e/terminal.h"

#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include <utmp.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <stdexcept>

namespace flyball::testing {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto patience = 20s;

}  // namespace

PseudoTerminal::PseudoTerminal(const std::vector<std::string>& arguments, std::uint16_t columns,
                               std::uint16_t rows) {
    winsize size{};
    size.ws_col = columns;
    size.ws_row = rows;
    if (::openpty(&fd_, &slave_, nullptr, nullptr, &size) != 0) {
        throw std::runtime_error("no pseudo terminal");
    }
    std::vector<char*> argv;
    for (const std::string& argument : arguments) {
        argv.push_back(const_cast<char*>(argument.c_str()));  // execv writes to none of them
    }
    argv.push_back(nullptr);
    pid_ = ::fork();
    if (pid_ == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        ::close(fd_);
        ::setenv("TERM", "xterm", 1);
        ::login_tty(slave_);
        ::execv(argv[0], argv.data());
        ::_exit(127);
    }
}

PseudoTerminal::~PseudoTerminal() {
    if (pid_ > 0) {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    ::close(slave_);
    ::close(fd_);
}

bool PseudoTerminal::read_more(int patience_ms) {
    pollfd look{fd_, POLLIN, 0};
    std::array<char, 4096> buffer{};
    if (::poll(&look, 1, patience_ms) != 1) {
        return false;
    }
    const ssize_t count = ::read(fd_, buffer.data(), buffer.size());
    if (count > 0) {
        drawn_.append(buffer.data(), static_cast<std::size_t>(count));
    }
    return count > 0;
}

bool PseudoTerminal::shows(const std::string& text) {
    const auto deadline = Clock::now() + patience;
    while (Clock::now() < deadline) {
        const std::size_t at = drawn_.find(text);
        if (at != std::string::npos) {
            drawn_.erase(0, at + text.size());
            return true;
        }
        if (!read_more(200) && ::waitpid(pid_, nullptr, WNOHANG) == pid_) {
            pid_ = -1;
            return false;
        }
    }
    return false;
}

void PseudoTerminal::type(const std::string& keys) {
    drawn_.clear();
    if (::write(fd_, keys.data(), keys.size()) != static_cast<ssize_t>(keys.size())) {
        throw std::runtime_error("the terminal took no keys");
    }
}

void PseudoTerminal::resize(std::uint16_t columns, std::uint16_t rows) {
    drawn_.clear();
    winsize size{};
    size.ws_col = columns;
    size.ws_row = rows;
    ::ioctl(fd_, TIOCSWINSZ, &size);
}

void PseudoTerminal::signal(int number) const {
    ::kill(pid_, number);
}

int PseudoTerminal::wait() {
    const auto deadline = Clock::now() + patience;
    while (pid_ > 0 && Clock::now() < deadline) {
        int status = 0;
        read_more(20);  // a program that writes to a full terminal never ends
        if (::waitpid(pid_, &status, WNOHANG) == pid_) {
            pid_ = -1;
            while (read_more(0)) {
            }
            return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        }
    }
    return -1;
}

bool PseudoTerminal::echoes() const {
    termios settings{};
    return ::tcgetattr(slave_, &settings) == 0 && (settings.c_lflag & ECHO) != 0 &&
           (settings.c_lflag & ICANON) != 0;
}

}  // namespace flyball::testing
