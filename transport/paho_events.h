#pragma once
// What Paho's callbacks leave for the link thread (PahoEvents) and the count of messages that were
// accepted and have not left yet (Outbound). The callbacks only note and notify: waiting or calling
// Paho from inside one deadlocks.

#include <mqtt/iaction_listener.h>
#include <mqtt/token.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

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
// Nor may bytes be without one: Paho keeps two copies of each message until it has left.
class Outbound final : public mqtt::iaction_listener {
public:
    struct Limits {
        std::size_t messages_max = 0;  // below 65,536
        std::size_t bytes_max = 0;     // of what comes while there is no room
    };
    // `on_room` is called when has_room() is true again, on the thread on which a message has left.
    Outbound(const Limits& limits, std::function<void()> on_room)
        : limits_(limits), on_room_(std::move(on_room)) {}

    // The user context for one more message; nothing when a bound is reached.
    std::optional<void*> enter(std::size_t bytes);
    void leave(void* context);  // it was not accepted after all
    void new_session();         // what the last connection did not deliver is gone
    // Less than a quarter of bytes_max is under way.
    bool has_room() const { return has_room(state_.load()); }
    // False when the time came first, or the session ended before everything had left.
    bool wait_empty(std::chrono::steady_clock::time_point deadline);
    // What the broker answered with a reason against it, as MQTT 5's 0x87 of an access list.
    std::uint64_t refused() const { return refused_.load(std::memory_order_relaxed); }

    void on_success(const mqtt::token& token) noexcept override;
    void on_failure(const mqtt::token& token) noexcept override;

private:
    bool has_room(std::uint64_t state) const;

    // From the top: 16 bits number the session, 16 count messages, 32 their length in units: a
    // completion of an earlier session, which may come late, must not count against this one.
    std::atomic<std::uint64_t> state_{0};
    const Limits limits_;
    const std::function<void()> on_room_;
    std::mutex mutex_;
    std::condition_variable empty_;
    std::atomic<int> waiters_{0};
    std::atomic<std::uint64_t> refused_{0};
};

}  // namespace flyball
