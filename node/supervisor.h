#pragma once
// One-for-one supervision: a governor that throws is rebuilt from its state while the others notice
// nothing; one that keeps throwing stays down until a reload (the restart intensity of an
// Erlang/OTP supervisor: more than `restarts_max` within `period`). Owned by the engine, one thread
// at a time.

#include <array>
#include <cstdint>
#include <map>
#include <string_view>

#include "node/registry.h"

namespace flyball {

class Supervisor {
public:
    static constexpr std::size_t restarts_max = 5;
    static constexpr Span period{60'000};

    Supervisor(const Registry& registry, EventSink* events)
        : registry_(registry), events_(events) {}

    // The governor threw `what` just now.
    void failed(Governor& governor, std::string_view what, Instant now);
    // Puts what is down back to work, with a clean record.
    void restore(Instant now);
    // The governor is about to be gone for good.
    void forget(const Governor& governor) {
        histories_.erase(&governor);
        faulty_ = faulty_ == &governor ? nullptr : faulty_;
    }

    // Control's `fault`: the governor throws when next asked.
    void arm_fault(const Governor& governor) { faulty_ = &governor; }
    // Throws if a fault is armed for this governor.
    void check_fault(const Governor& governor) {
        if (faulty_ == &governor) [[unlikely]] {
            throw_fault();
        }
    }
    // What the governor that failed last threw.
    std::string_view last_failure() const { return last_failure_; }

private:
    struct History {
        std::array<Instant, restarts_max> at{};  // of the last restarts, a ring
        std::size_t count = 0;
    };
    [[noreturn]] void throw_fault();
    bool rebuild(Governor& governor, Instant now);
    void raise(EventKind kind, const Governor& governor, Instant now);

    const Registry& registry_;
    EventSink* events_;
    const Governor* faulty_ = nullptr;
    std::map<const Governor*, History> histories_;  // of governors that have failed
    std::string last_failure_;
};

}  // namespace flyball
