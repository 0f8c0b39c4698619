#pragma once
// Messages that wait for the node's thread. Bounded by count and by bytes: full is an answer. Two
// buffers change places, so both ends only ever copy bytes under the lock. Grows as needed and
// keeps what is usual. put() and take_one() may be called from any thread; nothing here waits.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>

#include "schemas/message.h"

namespace flyball {

class Inbox {
public:
    struct Limits {
        std::size_t messages_max = 4096;
        std::size_t bytes_max = 8 * 1024 * 1024;  // 32 payloads of 256 KiB; a Pi can spare it
    };
    // A message taken out, with its bytes; reused from one to the next.
    struct Waiting {
        Message message;  // views into `bytes`
        std::int64_t arrived_us = 0;
        std::string bytes;
    };

    explicit Inbox(Limits limits) : limits_(limits) {}

    // Copies the message; false when the inbox is full. `arrived_us`: the caller's monotonic clock.
    bool put(const Message& message, std::int64_t arrived_us);
    // Moves the oldest message into `into`; false when none waits.
    bool take_one(Waiting& into);

    std::size_t waiting() const { return waiting_.load(std::memory_order_acquire); }
    bool empty() const { return waiting() == 0; }
    std::size_t memory_bytes() const;
    // Gives back what a burst made its buffers grow to; keeps what waits.
    void release_buffers();
    void set_limits(Limits limits);

private:
    mutable std::mutex mutex_;
    Limits limits_;
    std::atomic<std::size_t> waiting_{0};
    std::string filling_;
    std::string draining_;
    std::size_t drained_ = 0;  // bytes of draining_ already taken
};

}  // namespace flyball
