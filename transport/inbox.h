#pragma once
// Messages that wait for the node's thread: two buffers that change places, so that the transport's
// thread only ever copies bytes and goes. Bounded by count and by bytes; full is an answer. Grows
// as it is needed and keeps what it grew to, up to a mark. Any number of threads put, one takes.

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>

#include "schemas/message.h"
#include "schemas/time.h"

namespace flyball {

class Inbox {
public:
    struct Limits {
        std::size_t messages_max = 4096;
        std::size_t bytes_max = 8 * 1024 * 1024;  // 32 payloads of 256 KiB; a Pi can spare it
    };
    explicit Inbox(Limits limits);

    // Copies the message; false when the inbox is full. `arrived_ms`: monotonic milliseconds.
    bool put(const Message& message, std::int64_t arrived_ms);

    // Waits until something is there, wake() was called or the time is over; then `handle` gets
    // each waiting message in order, with no lock held. Returns how many it was handed. The views
    // are valid for the call. take() with zero timeout never waits.
    using Handler = std::function<void(const Message& message, std::int64_t arrived_ms)>;
    std::size_t take(Span timeout, const Handler& handle);
    void wake();

    std::size_t waiting()
        const;  // put but not yet handed over, those of a take in progress included
    std::size_t memory_bytes() const;

private:
    // (to be filled in)
};

}  // namespace flyball
