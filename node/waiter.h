#pragma once
// Where the node's thread sleeps: until somebody wakes it, a signal of the process arrives, or the
// time is over. One descriptor each for wake-ups and signals, one poll.

#include <atomic>
#include <memory>
#include <optional>

#include "schemas/result.h"
#include "schemas/time.h"

namespace flyball {

// Whoever gives a node its turns, as the node and its threads see it.
class Waker {
public:
    virtual ~Waker() = default;
    // A turn is wanted soon. Any thread; does not wait.
    virtual void wake() noexcept = 0;
};

class Waiter final : public Waker {
public:
    // Blocks SIGTERM, SIGINT and SIGHUP in this thread and those it starts later, and reads them
    // here. Make it before any other thread exists.
    static Result<std::unique_ptr<Waiter>> make();
    ~Waiter() override;
    Waiter(const Waiter&) = delete;
    Waiter& operator=(const Waiter&) = delete;

    // Costs a system call only when the node's thread really sleeps.
    void wake() noexcept override;
    // `ready`: whether there is something to do after all, asked once the sleep is announced, so
    // that a wake() in between is not lost. Returns the signal that ended the wait, if one did.
    template <typename Ready>
    std::optional<int> wait(Span timeout, Ready ready) {
        sleeping_.store(true, std::memory_order_seq_cst);
        const Span span = ready() ? Span{0} : timeout;
        const auto signal = poll_once(span);
        sleeping_.store(false, std::memory_order_seq_cst);
        return signal;
    }

private:
    Waiter(int event_fd, int signal_fd) : event_fd_(event_fd), signal_fd_(signal_fd) {}
    std::optional<int> poll_once(Span timeout) const;

    int event_fd_;
    int signal_fd_;
    std::atomic<bool> sleeping_{false};
};

}  // namespace flyball
