#pragma once
// The terminal while a live screen is on it: keys come one by one, the screen is an own one that
// vanishes at the end, and only lines that changed are sent: a few hundred bytes a second over ssh.
// Puts everything back on destruction. Sequences that every terminal since the VT100 knows, and the
// alternate screen, which others ignore. One thread; one at a time in a process.

#include <termios.h>

#include <string>
#include <vector>

#include "fleet/top/screen.h"
#include "schemas/result.h"

namespace flyball {

// A change of the terminal's size as a readable descriptor. Made before any thread is started: a
// thread that does not have the signal blocked would swallow it.
class ResizeSignal {
public:
    ResizeSignal();
    ~ResizeSignal();
    ResizeSignal(const ResizeSignal&) = delete;
    ResizeSignal& operator=(const ResizeSignal&) = delete;

    int fd() const { return fd_; }
    bool take();  // it has changed since the last call

private:
    int fd_;
};

class Terminal {
public:
    // Fails (usage) when standard input or output is no terminal.
    static Result<bool> possible();

    // `fds`: what else is to end a wait for wake_fd(). They outlive the terminal.
    explicit Terminal(const std::vector<int>& fds);
    ~Terminal();
    Terminal(const Terminal&) = delete;
    Terminal& operator=(const Terminal&) = delete;

    ScreenSize size() const;
    void show(const std::vector<std::string>& lines);
    void redraw() { shown_.clear(); }  // the next show() sends every line
    std::string typed() const;         // what has been typed since the last call; does not wait
    bool gone() const;                 // whoever looked at it has hung up
    int wake_fd() const { return epoll_fd_; }  // readable when something was typed, or one of `fds`

private:
    termios before_{};
    int epoll_fd_;
    std::vector<std::string> shown_;
};

}  // namespace flyball
