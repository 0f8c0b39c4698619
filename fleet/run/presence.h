#pragma once
// Whether a device is there, by its health alone: a report with a session that is not older makes
// it so, its will or its own `offline` ends it, and so does silence for three of its intervals
// (docs/protocol.md, "Health"). That its process lives says nothing: it may be stopped. Pure: it is
// told the time. One thread.

#include <cstdint>

#include "fleet/clock.h"
#include "fleet/payload.h"

namespace flyball {

class Presence {
public:
    explicit Presence(Span interval) : interval_(interval) {}

    enum class News : std::uint8_t { none, still_there, new_session, went };
    // `retained`: the broker kept it, for who knows how long: it only tells of a new session.
    News heard(const Json& report, bool retained, Deadline now);
    bool there(Deadline now) const;
    std::uint64_t session() const { return session_; }  // of the last report; 0: there was none

private:
    static constexpr int intervals_max = 3;
    Span interval_;
    bool online_ = false;
    std::uint64_t session_ = 0;
    Deadline heard_at_{};
};

}  // namespace flyball
