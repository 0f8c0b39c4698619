#pragma once
// Ctrl-C as a readable descriptor. Made before any thread is started, so that every thread has the
// signals blocked and nobody dies of them. Main thread.

namespace flyball {

class Interrupt {
public:
    Interrupt();
    ~Interrupt();
    Interrupt(const Interrupt&) = delete;
    Interrupt& operator=(const Interrupt&) = delete;

    int fd() const { return fd_; }
    bool seen() const;  // SIGINT or SIGTERM has come; looks without waiting

private:
    int fd_;
};

}  // namespace flyball
