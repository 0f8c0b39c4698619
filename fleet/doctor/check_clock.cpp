// The clock: what quotas and subscriptions count by.

#include <fmt/format.h>
#include <sys/timex.h>

#include "fleet/doctor/checks.h"

namespace flyball {
namespace {

// 2024-01-01: older than any release. A device without a battery for its clock starts at 1970, or
// at its last shutdown.
constexpr std::int64_t oldest_ms = 1'704'067'200'000;
constexpr double error_ms_max = 1000;  // worse, and a quota's second is somebody else's

constexpr const char* service_advice =
    "timedatectl set-ntp true, with systemd-timesyncd or chrony installed; where there is no "
    "network, clock.trust = \"system\" makes the node believe the clock as it is";

// The node believes no date before its own making, whatever clock.trust is.
constexpr const char* unset_advice =
    "timedatectl set-ntp true, with systemd-timesyncd or chrony installed; where there is no "
    "network a clock with a battery (RTC), or date -s after each start";

}  // namespace

void check_clock(Instant now, Findings& findings) {
    const std::string date = date_text(now);
    if (to_ms(now) < oldest_ms) {
        findings.fail("clock", fmt::format("is not set: it shows {}", date), unset_advice);
        return;
    }
    timex state{};
    const int answer = ::adjtimex(&state);
    if (answer == -1) {
        findings.warn("clock", fmt::format("{}; the kernel does not say how good it is", date),
                      "run it outside the container");
        return;
    }
    const double error_ms = static_cast<double>(state.maxerror) / 1000.0;
    if (answer == TIME_ERROR || (state.status & STA_UNSYNC) != 0) {
        findings.warn("clock", fmt::format("{}, not synchronised", date), service_advice);
    } else if (error_ms > error_ms_max) {
        findings.warn("clock",
                      fmt::format("{}, synchronised, but off by up to {:.0f} ms", date, error_ms),
                      "a nearer time server");
    } else {
        findings.ok("clock",
                    fmt::format("{}, synchronised, off by {:.0f} ms at most", date, error_ms));
    }
}

}  // namespace flyball
