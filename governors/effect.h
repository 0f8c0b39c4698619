#pragma once
// What one decision changes of one tenant: the after-image that apply() puts in place, the image
// before it, and what others may want to hear of once it is in place. Owned by whoever decides and
// reused: once its buffers have grown it allocates nothing. One thread at a time.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "schemas/byte_buffer.h"
#include "schemas/event.h"
#include "schemas/expects.h"

namespace flyball {

// An event that comes with an effect. `from` and `to` are static text.
struct Announcement {
    EventKind kind = EventKind::state_changed;
    std::string_view from{};
    std::string_view to{};
    Reason reason = Reason::none;
    std::string_view subject{};  // the resource or the hold
    Instant at{};                // when it was due; the decision's `now` otherwise
};

class Effect {
public:
    // Far above any type's largest image (compliance: a record of 64 violations).
    static constexpr std::size_t bytes_max = 16 * 1024;
    static constexpr std::size_t announcements_max = 4;
    static constexpr std::size_t subject_bytes_max = 64;

    // Most images fit from the start.
    Effect() {
        after_.room(256);
        before_.room(256);
    }
    bool empty() const { return after_.size() == 0; }
    std::span<const std::byte> after() const { return bytes_of(after_); }
    std::span<const std::byte> before() const { return bytes_of(before_); }
    std::size_t announced() const { return announced_; }
    Announcement announcement(std::size_t index) const {
        Announcement announcement = announcements_[index];
        announcement.subject = {subjects_[index].data(), announcement.subject.size()};
        return announcement;
    }

    // Which judgement of its rules made it, for Rules::apply_effect(); 0: only the image tells.
    std::uint64_t stamp() const { return stamp_; }

    void clear() {
        after_.clear();
        before_.clear();
        announced_ = 0;
    }
    // Where its image is to be written; empty.
    ByteBuffer& begin_after(std::uint64_t stamp = 0) {
        after_.clear();
        stamp_ = stamp;
        return after_;
    }
    ByteBuffer& begin_before() {
        before_.clear();
        return before_;
    }
    // The subject is copied.
    void announce(const Announcement& announcement) {
        expects(announced_ < announcements_max, "an effect announces a few things at most");
        expects(announcement.subject.size() <= subject_bytes_max, "a subject was checked");
        announcements_[announced_] = announcement;
        std::ranges::copy(announcement.subject, subjects_[announced_].begin());
        ++announced_;
    }
    std::size_t memory_bytes() const {
        return sizeof(*this) + after_.capacity() + before_.capacity();
    }

private:
    static std::span<const std::byte> bytes_of(const ByteBuffer& image) {
        expects(image.size() <= bytes_max, "an effect fits its image");
        return std::as_bytes(std::span(image.bytes()));
    }
    ByteBuffer after_;
    ByteBuffer before_;
    std::uint64_t stamp_ = 0;
    std::array<Announcement, announcements_max> announcements_;
    std::array<std::array<char, subject_bytes_max>, announcements_max> subjects_;
    std::size_t announced_ = 0;
};

}  // namespace flyball
