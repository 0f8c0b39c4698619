#include "fleet/run/presence.h"

#include "fleet/typed_json.h"

namespace flyball {

Presence::News Presence::heard(const Json& report, bool retained, Deadline now) {
    const std::string status = text_at(report, "status");
    const auto session = static_cast<std::uint64_t>(count_at(report, "session"));
    if (session < session_ || session == 0) {
        return News::none;  // of a connection before: a late will, or what a broken line kept
    }
    if (status == "offline") {
        const bool was = online_;
        online_ = false;
        session_ = session;
        return was ? News::went : News::none;
    }
    if (status != "online" && status != "degraded") {
        return News::none;
    }
    const bool is_new = session > session_;
    if (retained && !is_new) {
        return News::none;
    }
    online_ = true;
    session_ = session;
    heard_at_ = now;
    return is_new ? News::new_session : News::still_there;
}

bool Presence::there(Deadline now) const {
    return online_ && now - heard_at_ <= interval_ * intervals_max;
}

}  // namespace flyball
