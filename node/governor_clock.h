#pragma once
// Governor time: the node's clock made sane (docs/protocol.md, time). Pure: turns clock samples
// into instants that never run backwards, except by set_time(). One thread at a time.

#include <cstdint>
#include <optional>
#include <string_view>

#include "node/clock.h"
#include "schemas/time.h"

namespace flyball {

enum class ClockTrust : std::uint8_t { synchronised, system };

struct ClockSettings {
    ClockTrust trust = ClockTrust::synchronised;
    Span jump_max{std::chrono::days{7}};
};

enum class ClockStatus : std::uint8_t {
    ok,
    suspect,  // the clock is somewhere nobody vouches for: running on the monotonic clock
    behind,   // the clock shows less than governor time: running at half speed until they meet
    unset,    // the clock is before the build date: what sets dates by it is refused
};
std::string_view to_text(ClockStatus status);

class GovernorClock {
public:
    explicit GovernorClock(const ClockSettings& settings, Instant built = build_date());

    // Continues from the last governor time of an earlier run. Before the first advance().
    void resume(Instant last, const ClockSample& sample);
    // Governor time at `sample`. Samples come in the order of their monotonic time.
    Instant advance(const ClockSample& sample);
    // The operator's word: the only thing that may lower governor time. A clock before the build
    // date is then `suspect`, not `unset`, until the program ends.
    void set_time(Instant at, const ClockSample& sample);

    Instant now() const { return now_; }  // of the last sample
    ClockStatus status() const { return status_; }
    Span offset() const { return now_ - wall_; }  // governor time less the clock's, at that sample
    // The clock is more than 24 h behind: the node is degraded.
    bool far_behind() const;
    // What a state file should keep: nothing while no clock has ever been believed.
    std::optional<Instant> last_good() const;

private:
    ClockStatus judge(const ClockSample& sample);
    Instant at_half_speed(const ClockSample& sample) const;
    bool vouched_for(const ClockSample& sample);
    void run_from_here(std::int64_t monotonic_us);

    ClockSettings settings_;
    Instant built_;
    Instant now_;
    Instant wall_;
    ClockStatus status_ = ClockStatus::unset;
    bool believed_ = false;  // some clock, an earlier run or the operator gave a good time
    bool operator_set_ = false;
    bool started_ = false;
    std::int64_t last_us_ = 0;  // monotonic time of the last sample
    // Where the present stretch of running without the clock began: counting from there loses no
    // half milliseconds however often it is asked.
    Instant stretch_start_{};
    std::int64_t stretch_us_ = 0;
    std::int64_t next_question_us_ = 0;  // whether the clock is synchronised, asked once a second
};

}  // namespace flyball
