#include "node/governor_clock.h"

#include <algorithm>

namespace flyball {
namespace {

constexpr std::int64_t question_interval_us = 1'000'000;
// The year 9000, which no clock of a device comes near. A forged state may say that it was then:
// what governors reckon with from there still has four digits for its year.
constexpr Instant time_max = instant_from_ms(221'845'392'000'000);

Span span_of_us(std::int64_t us) {
    return Span{us / 1'000};
}

}  // namespace

std::string_view to_text(ClockStatus status) {
    switch (status) {
        case ClockStatus::ok: return "ok";
        case ClockStatus::suspect: return "suspect";
        case ClockStatus::behind: return "behind";
        case ClockStatus::unset: return "unset";
    }
    return "";
}

GovernorClock::GovernorClock(const ClockSettings& settings, Instant built)
    : settings_(settings), built_(built), now_(built), wall_(built), stretch_start_(built) {}

void GovernorClock::resume(Instant last, const ClockSample& sample) {
    now_ = std::clamp(last, Instant{}, time_max);
    believed_ = true;
    started_ = true;
    last_us_ = sample.monotonic_us;
    run_from_here(sample.monotonic_us);
}

void GovernorClock::run_from_here(std::int64_t monotonic_us) {
    stretch_start_ = now_;
    stretch_us_ = monotonic_us;
}

// Whether the clock may jump forward. While it may not, the kernel is asked again once a second.
bool GovernorClock::vouched_for(const ClockSample& sample) {
    if (settings_.trust == ClockTrust::system) {
        return true;
    }
    if (sample.synchronised == nullptr || sample.monotonic_us < next_question_us_) {
        return false;
    }
    next_question_us_ = sample.monotonic_us + question_interval_us;
    return sample.synchronised();
}

Instant GovernorClock::at_half_speed(const ClockSample& sample) const {
    return stretch_start_ + span_of_us((sample.monotonic_us - stretch_us_) / 2);
}

ClockStatus GovernorClock::judge(const ClockSample& sample) {
    if (sample.wall < built_) {
        return operator_set_ ? ClockStatus::suspect : ClockStatus::unset;
    }
    // Once behind, they meet where half speed leads, not at the time of the last sample.
    const Instant meeting = status_ == ClockStatus::behind ? at_half_speed(sample) : now_;
    if (sample.wall < meeting) {
        return ClockStatus::behind;
    }
    const Instant expected = now_ + span_of_us(sample.monotonic_us - last_us_);
    const bool jump = sample.wall - expected > settings_.jump_max;
    if (believed_ && jump && !vouched_for(sample)) {
        return ClockStatus::suspect;
    }
    return ClockStatus::ok;
}

Instant GovernorClock::advance(const ClockSample& sample) {
    if (!started_) {
        started_ = true;
        last_us_ = sample.monotonic_us;
        run_from_here(sample.monotonic_us);
    }
    ClockStatus status = judge(sample);
    if (status != ClockStatus::ok && status != status_) {
        run_from_here(last_us_);
    }
    const std::int64_t stretch_us = sample.monotonic_us - stretch_us_;
    switch (status) {
        case ClockStatus::ok:
            now_ = sample.wall;
            believed_ = true;
            break;
        case ClockStatus::suspect:
        case ClockStatus::unset: now_ = stretch_start_ + span_of_us(stretch_us); break;
        case ClockStatus::behind:
            now_ = at_half_speed(sample);
            if (now_ <= sample.wall) {
                now_ = sample.wall;
                status = ClockStatus::ok;
            }
            break;
    }
    status_ = status;
    wall_ = sample.wall;
    last_us_ = sample.monotonic_us;
    return now_;
}

void GovernorClock::set_time(Instant at, const ClockSample& sample) {
    now_ = std::clamp(at, Instant{}, time_max);
    started_ = true;
    believed_ = now_ >= built_;
    operator_set_ = believed_;
    last_us_ = sample.monotonic_us;
    run_from_here(sample.monotonic_us);
    next_question_us_ = 0;
    advance(sample);
}

bool GovernorClock::far_behind() const {
    return status_ == ClockStatus::behind && offset() > std::chrono::days{1};
}

std::optional<Instant> GovernorClock::last_good() const {
    return believed_ ? std::optional(now_) : std::nullopt;
}

}  // namespace flyball
