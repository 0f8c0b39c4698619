#pragma once
// Replies that wait, in order: for the disk (`commit`), or until those before them have left.
// Bounded: when it is full no more is decided, and what is under way still fits. Under the node's
// lock.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <new>
#include <string>

#include "transport/inbox.h"

namespace flyball {

class ReplyGate {
public:
    // A message has one reply: as many as the inbox holds.
    static constexpr std::size_t enough = 4096;
    static constexpr std::size_t enough_bytes = std::size_t{4} << 20U;  // some dozens of batches'

    // `under_way_bytes`: what may be decided at once has replies of so much at most.
    explicit ReplyGate(std::size_t under_way_bytes)
        : under_way_bytes_(under_way_bytes), waiting_(limits(under_way_bytes)) {}
    // Only upwards: a batch in work may have begun under larger limits.
    void set_under_way(std::size_t bytes) {
        under_way_bytes_ = std::max(under_way_bytes_, bytes);
        waiting_.set_limits(limits(under_way_bytes_));
    }

    // False: there is no room for it.
    bool hold(const Message& reply, std::uint64_t until_record) {
        return waiting_.put(reply, static_cast<std::int64_t>(until_record));
    }
    // Until `publish` says that it did not.
    template <typename Publish>
    void release(std::uint64_t durable_record, const Publish& publish) {
        while (has_first()) {
            if (static_cast<std::uint64_t>(first_.arrived_us) > durable_record ||
                !publish(first_.message)) {
                return;
            }
            has_first_ = false;
        }
    }
    // Of what will never be on disk: `lost` hears of each.
    template <typename Lost>
    void drop(const Lost& lost) {
        for (; has_first_ || !waiting_.empty(); has_first_ = false) {
            if (!has_first_) {
                waiting_.drop_one();
            }
            lost();
        }
    }
    // Of what bursts and large replies made them grow to; those that wait stay.
    void release_buffers() {
        waiting_.release_buffers();
        if (!has_first_) {
            first_.message = {};
            std::string().swap(first_.bytes);  // what is moved into a string keeps its buffer
        }
    }
    bool empty() const { return !has_first_ && waiting_.empty(); }
    bool full() const { return waiting_.waiting() >= enough || waiting_.bytes() >= enough_bytes; }

private:
    static Inbox::Limits limits(std::size_t under_way_bytes) {
        return {.messages_max = 2 * enough, .bytes_max = enough_bytes + under_way_bytes};
    }
    bool has_first() {
        try {
            has_first_ = has_first_ || waiting_.take_one(first_);
            return has_first_;
        } catch (const std::bad_alloc&) {
            return false;  // it waits for memory as well
        }
    }

    std::size_t under_way_bytes_;
    Inbox waiting_;  // its time of arrival is the record that a reply waits for
    Inbox::Waiting first_;
    bool has_first_ = false;
};

}  // namespace flyball
