#pragma once
// What the daemon remembers of its several duties from one turn to the next. Plain values, each
// under the node's lock but for LinkNews, which has its own.

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "node/certificate_watch.h"
#include "node/control.h"
#include "node/health.h"
#include "transport/transport.h"

namespace flyball {

// The last change of the link, from the transport's thread to the node's.
class LinkNews {
public:
    struct Change {
        LinkState state = LinkState::down;
        std::string why;
    };
    void put(LinkState state, std::string_view why) {
        const std::lock_guard lock(mutex_);
        change_ = Change{state, std::string(why)};
    }
    std::optional<Change> take() {
        const std::lock_guard lock(mutex_);
        return std::exchange(change_, std::nullopt);
    }

private:
    std::mutex mutex_;
    std::optional<Change> change_;
};

struct NodeLife {
    std::uint64_t epoch = 0;     // starts from this state folder
    std::uint64_t instance = 0;  // of the state folder
    Instant started_at{};
    std::int64_t started_us = 0;  // monotonic
    std::int64_t startup_ms = 0;
    std::string announced{};  // the topic of what Home Assistant was told; empty: nothing
};

struct HealthPace {
    std::string status;              // in the last report
    std::string_view clock;          // in the last report
    std::string_view watched_clock;  // in the last event
    std::int64_t name_shared_until_us = 0;
    Writer writer;
    HealthMeter meter;
    CertificateWatch certificates;
    std::int64_t next_us = 0;
    std::int64_t last_us = 0;
    bool is_due = false;  // something that a reader must hear of soon
    bool tidies = false;  // a second after the report
};

struct KeepingWatch {
    bool failing = false;                          // when last looked at
    std::uint64_t leaving = 0;                     // late events up to this number: noted as sent
    std::uint64_t leaving_record = 0;              // ... in this record
    std::int64_t next_time_us = 0;                 // when governor time is noted next
    std::uint64_t snapshots = 0;                   // when a snapshot was asked for
    std::uint64_t snapshots_too_large = 0;         // likewise
    std::vector<ControlledNode::Deferred> askers;  // of snapshots
};

// Of whoever decides just now.
struct TurnPace {
    std::size_t depth = 0;           // messages in work inside others, beside the first
    std::int64_t began_us = 0;       // not all of a turn is for requests that wait
    std::atomic<bool> ended{false};  // nothing more will be decided; any thread reads it
};

struct Profiling {
    std::optional<ControlledNode::Deferred> asker;
    std::int64_t begun_us = 0;
};

}  // namespace flyball
