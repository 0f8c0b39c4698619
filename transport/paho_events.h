#pragma once
// What Paho's callbacks leave for the link thread (PahoEvents) and the count of messages that were
// accepted and have not left yet (Outbound). The callbacks only note and notify: waiting or calling
// Paho from inside one deadlocks.

#include <mqtt/iaction_listener.h>
#include <mqtt/token.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>

#include "schemas/time.h"

namespace flyball {

class PahoEvents final : public mqtt::iaction_listener {
public:
    using Deadline = std::chrono::steady_clock::time_point;
    struct Loss {
        std::string why;
        bool name_taken = false;
    };
    enum class Step : std::uint8_t { succeeded, failed, lost, stopped, timed_out };

    // A step is one or more asynchronous calls to Paho (connect, disconnect; one subscribe a
    // filter), done when all of them are and failed when one of them is. begin() forgets the step
    // before; its result is passed to Paho as the calls' user context.
    void* begin(std::size_t calls = 1);
    Step await(void* step, Deadline deadline);
    // The same without looking at stop() and a lost connection; false when the time came first.
    bool await_finished(void* step, Deadline deadline);

    void connected();  // forgets an earlier loss and an earlier TLS error
    void lost(std::string_view why, bool name_taken);
    void tls_error(std::string_view text);
    std::string take_tls_error();
    std::optional<Loss> loss() const;

    void stop();
    bool stopping() const;
    // False when the time came first: stop() was called, or (`or_lost`) the connection was lost.
    bool sleep_until(Deadline deadline, bool or_lost);

    void on_success(const mqtt::token& token) noexcept override;
    void on_failure(const mqtt::token& token) noexcept override;

private:
    void finished(const mqtt::token& token, bool failed) noexcept;

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::uintptr_t step_ = 0;
    std::size_t calls_left_ = 0;
    bool failed_ = false;
    std::optional<Loss> loss_;
    std::string tls_error_;
    bool stopping_ = false;
};

// Paho's own bound of 60,000 must never be reached: beyond it publish() throws out of a callback.
class Outbound final : public mqtt::iaction_listener {
public:
    explicit Outbound(std::size_t max) : max_(max) {}

    // The user context for one more message; nothing when the bound is reached.
    std::optional<void*> enter();
    void leave(void* context);  // it was not accepted after all
    void new_session();         // what the last connection did not deliver is gone
    // False when the time came first, or the session ended before everything had left.
    bool wait_empty(std::chrono::steady_clock::time_point deadline);

    void on_success(const mqtt::token& token) noexcept override;
    void on_failure(const mqtt::token& token) noexcept override;

private:
    // The low half counts messages, the high half numbers the session they belong to: a completion
    // of an earlier session, which may come late, must not count against this one.
    std::atomic<std::uint64_t> state_{0};
    const std::size_t max_;
    std::mutex mutex_;
    std::condition_variable empty_;
    std::atomic<int> waiters_{0};
};

}  // namespace flyball
