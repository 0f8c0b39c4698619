#pragma once
// Whether a certificate of the connection ends soon: the node is degraded from 14 days before, and
// its log says so once a day. With a clock that was never set no date means anything. Under the
// node's lock.

#include <chrono>
#include <cstdint>
#include <string_view>

#include "node/governor_clock.h"
#include "node/log.h"
#include "transport/transport.h"

namespace flyball {

class CertificateWatch {
public:
    static constexpr std::chrono::days warned_before{14};

    static bool ends_soon(const CertificateEnds& ends, const GovernorClock& clock);
    void tell(const CertificateEnds& ends, const GovernorClock& clock, std::int64_t monotonic_us,
              Log& log);

private:
    std::int64_t next_us_ = 0;
};

// What to tell beside a refusal that may be the clock's fault and no certificate's; empty: nothing.
std::string_view clock_hint(std::string_view refusal, ClockStatus clock);

}  // namespace flyball
