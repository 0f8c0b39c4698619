#pragma once
// Events on their way to the broker: numbered, written once, kept while the broker is away, sent in
// order. Bounded by `keep`: when full the oldest goes and is counted. Grows as used. Owned by the
// node, under its lock.

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "governors/number_line.h"
#include "schemas/event.h"
#include "schemas/topic.h"

namespace flyball {

class EventQueue {
public:
    // What came while the broker was away leaves at this pace, so that nobody is flooded: of any
    // second, wherever it begins.
    static constexpr std::size_t late_per_second = 50;

    EventQueue(const Root& root, std::size_t keep) : root_(root), keep_(keep) {}

    struct Line {
        std::uint64_t number = 0;
        std::string topic;
        std::string payload;
        bool late = false;
    };
    // `late`: the broker is away, or has_late(). True: event numbers have to be reserved anew.
    // Throws std::bad_alloc: a number is skipped, nothing else has changed.
    [[nodiscard]] bool add(const Event& event, bool late);
    // What is raised behind late events is late as well: one of those that had to be dropped is
    // still on disk, and must not come back after a crash when newer ones have left.
    bool has_late() const { return !waiting_.empty() && waiting_.back().late; }
    const Line& newest() const { return waiting_.back(); }
    // Numbers and kept events of an earlier run.
    void restore(std::uint64_t number, std::deque<Line> kept);
    std::uint64_t reserve() { return numbers_.renew(); }
    std::uint64_t reserved() const { return numbers_.reserved(); }
    const std::deque<Line>& waiting() const { return waiting_; }
    // Late events leave once the disk knows that they have, for their numbers are not to come again
    // after a crash: the number up to which it should be told next; none when there is none.
    std::optional<std::uint64_t> next_to_leave() const;
    void let_leave(std::uint64_t number) { leaving_ = number; }
    std::uint64_t leaving() const { return leaving_; }
    // Hands over what may leave now, the oldest first. `send` returns whether the transport took
    // it; if not, the event stays and sending ends.
    template <typename Send>
    void flush(std::int64_t now_us, const Send& send) {
        while (!waiting_.empty() && (!waiting_.front().late || late_may_leave(now_us))) {
            if (!send(waiting_.front().topic, waiting_.front().payload)) {
                return;
            }
            if (waiting_.front().late) {
                late_left_us_[static_cast<std::size_t>(late_left_++ % late_per_second)] = now_us;
            }
            waiting_.pop_front();
        }
    }
    std::uint64_t number() const { return numbers_.last(); }
    std::size_t pending() const { return waiting_.size(); }
    std::uint64_t lost() const { return lost_; }

private:
    bool late_may_leave(std::int64_t now_us) const;

    const Root& root_;
    std::size_t keep_;
    std::deque<Line> waiting_;
    Writer writer_;
    NumberLine numbers_;
    std::uint64_t leaving_ = 0;
    std::uint64_t lost_ = 0;
    std::array<std::int64_t, late_per_second> late_left_us_{};  // when the last ones left, a ring
    std::uint64_t late_left_ = 0;
};

}  // namespace flyball
