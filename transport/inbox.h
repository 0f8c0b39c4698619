#pragma once
// Messages that wait for the node's thread: one row of bytes in blocks. Bounded by count, by bytes
// and by what the machine has left: full is an answer. Has no more memory than what waits and two
// blocks; a buffer that doubles as it grows had four times as much. put() and take_one() may be
// called from any thread and only copy bytes under the lock; nothing here waits.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <list>
#include <mutex>
#include <span>
#include <string>
#include <string_view>

#include "schemas/message.h"

namespace flyball {

class Inbox {
public:
    struct Limits {
        std::size_t messages_max = 4096;
        std::size_t bytes_max = 8 * 1024 * 1024;  // 32 payloads of 256 KiB; a Pi can spare it
        // So much must be left to the rest of the process when a block is added; 0: any.
        std::size_t leaves_bytes = 0;
    };
    // A message taken out, with its bytes; reused from one to the next.
    struct Waiting {
        Message message;  // views into `bytes`
        std::int64_t arrived_us = 0;
        std::string bytes;  // what precedes them in the inbox too
    };

    explicit Inbox(Limits limits) : limits_(limits) {}

    // Copies the message; false when the inbox is full or no memory is left. `arrived_us`: the
    // caller's monotonic clock.
    bool put(const Message& message, std::int64_t arrived_us);
    // Moves the oldest message into `into`; false when none waits. Throws std::bad_alloc; it is
    // still the oldest then.
    bool take_one(Waiting& into);
    void drop_one();  // the oldest

    std::size_t waiting() const { return waiting_.load(std::memory_order_acquire); }
    bool empty() const { return waiting() == 0; }
    // That wait, with what precedes each message.
    std::size_t bytes() const { return bytes_.load(std::memory_order_relaxed); }
    std::size_t memory_bytes() const;
    // Gives back the blocks that nothing waits in.
    void release_buffers();
    void set_limits(Limits limits);

private:
    struct Block {
        // A list's node and the allocator's word with it: whole pages, by themselves.
        static constexpr std::size_t size = 128 * std::size_t{1024} - 64;
        Block() {}  // not filled: what is never written to is no memory
        char bytes[size];
    };

    bool have_room(std::size_t bytes);
    bool make_room(std::size_t bytes);
    void write(std::string_view bytes);
    void peek(std::span<char> into) const;
    void pass(std::size_t bytes);
    void retire_first();

    mutable std::mutex mutex_;
    Limits limits_;
    std::atomic<std::size_t> waiting_{0};
    std::list<Block> blocks_;  // the oldest bytes first
    std::list<Block> spare_;
    std::atomic<std::size_t> bytes_{0};
    std::size_t begin_ = 0;  // where what waits begins in the first block
    std::size_t end_ = 0;    // and ends in the last
};

}  // namespace flyball
