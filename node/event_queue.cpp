#include "node/event_queue.h"

#include <algorithm>
#include <utility>

namespace flyball {

namespace {

// What is not a governor's is told as the governor `node/main`, where the same filters find it.
Topic topic_of(std::string_view governor) {
    const std::size_t slash = std::min(governor.find('/'), governor.size());
    const bool titled = slash != governor.size();
    return {.channel = Channel::event,
            .type = governor.substr(0, slash),
            .name = titled ? governor.substr(slash + 1) : std::string_view("main")};
}

}  // namespace

void EventQueue::restore(std::uint64_t number, std::deque<Line> kept) {
    numbers_.seen(number);
    waiting_ = std::move(kept);
    while (waiting_.size() > keep_) {
        waiting_.pop_front();
        ++lost_;
    }
}

bool EventQueue::add(const Event& event, bool late) {
    const bool low = numbers_.take();
    writer_.restart(Encoding::json);
    open_event(writer_, event, numbers_.last());
    if (late) {
        writer_.field("late", true);
    }
    writer_.end_map();
    // Aside, and whole: where memory runs out no line without its topic is left to be sent.
    Line line{.number = numbers_.last(), .topic = {}, .payload = {}, .late = late};
    append_topic(line.topic, root_, topic_of(event.governor));
    line.payload = writer_.bytes();
    waiting_.push_back(std::move(line));
    if (waiting_.size() > std::max<std::size_t>(keep_, 1)) {  // with none to keep, one passes
        waiting_.pop_front();
        ++lost_;
    }
    return low;
}

std::optional<std::uint64_t> EventQueue::next_to_leave() const {
    auto line = std::ranges::find_if(waiting_, &Line::late);
    if (line == waiting_.end() || line->number <= leaving_) {
        return std::nullopt;
    }
    std::uint64_t last = 0;
    for (std::size_t count = 0; line != waiting_.end() && line->late && count < late_per_second;
         ++line, ++count) {
        last = line->number;
    }
    return last;
}

bool EventQueue::late_may_leave(std::int64_t now_us) const {
    constexpr std::int64_t second_us = 1'000'000;
    if (waiting_.front().number > leaving_) {
        return false;
    }
    const auto oldest = static_cast<std::size_t>(late_left_ % late_per_second);
    return late_left_ < late_per_second || now_us - late_left_us_[oldest] >= second_us;
}

}  // namespace flyball
