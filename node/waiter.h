#pragma once
// Where the node's thread sleeps: until somebody wakes it, a signal of the process arrives, or the
// time is over. One descriptor each for wake-ups and signals, one poll.

#include <atomic>
#include <cstdint>
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

    // Costs a system call only when the node's thread really sleeps. While it does not, it is
    // remembered for the next sleep: what it tells of may have come too late for this turn.
    void wake() noexcept override;
    // `ready`: whether there is something to do although nobody called. Returns the signal that
    // ended the wait, if one did.
    template <typename Ready>
    std::optional<int> wait(Span timeout, Ready ready) {
        State before = State::awake;
        const bool woken = !state_.compare_exchange_strong(before, State::asleep);
        const auto signal = poll_once(woken || ready() ? Span{0} : timeout);
        state_.exchange(State::awake);  // what the caller did before wake() is seen from here on
        return signal;
    }

private:
    enum class State : std::uint8_t { awake, asleep, woken };

    Waiter(int event_fd, int signal_fd) : event_fd_(event_fd), signal_fd_(signal_fd) {}
    std::optional<int> poll_once(Span timeout) const;

    int event_fd_;
    int signal_fd_;
    std::atomic<State> state_{State::awake};
};

}  // namespace flyball
