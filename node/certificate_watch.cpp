#include "node/certificate_watch.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>

#include "transport/tls_certificate.h"

namespace flyball {
namespace {

bool is_near(const std::optional<Instant>& end, Instant now) {
    return end && *end - now < CertificateWatch::warned_before;
}

}  // namespace

bool CertificateWatch::ends_soon(const CertificateEnds& ends, const GovernorClock& clock) {
    return clock.status() != ClockStatus::unset &&
           (is_near(ends.not_after, clock.now()) || is_near(ends.ca_not_after, clock.now()));
}

void CertificateWatch::tell(const CertificateEnds& ends, const GovernorClock& clock,
                            std::int64_t monotonic_us, Log& log) {
    constexpr std::int64_t day_us = 86'400'000'000;
    if (!ends_soon(ends, clock) || monotonic_us < next_us_) {
        return;
    }
    next_us_ = monotonic_us + day_us;
    const std::array<std::pair<std::string_view, std::optional<Instant>>, 2> all{
        {{"node", ends.not_after}, {"ca", ends.ca_not_after}}};
    for (const auto& [whose, end] : all) {
        if (is_near(end, clock.now())) {
            log.write(LogLevel::warning,
                      *end > clock.now() ? "a certificate ends soon" : "a certificate has ended",
                      {{"certificate", whose},
                       {"not_after", date_and_minute(*end)},
                       {"hint",
                        "replace the file; a reload (SIGHUP) takes it up at once, of a credential "
                        "of systemd's a restart only"}});
        }
    }
}

std::string_view clock_hint(std::string_view refusal, ClockStatus clock) {
    const bool early = refusal.find("is not yet valid") != std::string_view::npos;
    const bool late = refusal.find("expired on") != std::string_view::npos;
    if (!early && !late) {
        return {};
    }
    // A clock that is late makes a certificate look early, never ended.
    switch (clock) {
        case ClockStatus::ok: return {};
        case ClockStatus::unset:
            return early ? "this node's clock is not set: that is the fault, not the certificate"
                         : std::string_view();
        case ClockStatus::behind:
            return early ? "this node's clock is behind: that may be the fault, not the certificate"
                         : std::string_view();
        case ClockStatus::suspect:
            return "nobody vouches for this node's clock: that may be the fault, not the "
                   "certificate";
    }
    return {};
}

}  // namespace flyball
