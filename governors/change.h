#pragma once
// What a decision, or time alone, changed in one governor: what a journal keeps and recovery
// applies without deciding again. Told as it happens to whoever keeps it; views are valid for that
// call.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "governors/command.h"
#include "governors/id_ring.h"
#include "schemas/time.h"

namespace flyball {

struct Change {
    enum class Kind : std::uint8_t {
        decision = 1,    // a request's: image, history, id
        time = 2,        // time alone: image
        taken_back = 3,  // the image before a part of an admit that was not kept
        removed = 4,     // the tenant was forgotten, or gave its place to another
        reserved = 5,    // no number up to and including `seq` is given again after a crash
    };
    enum class Enrolment : std::uint8_t { none, automatic, by_admin };

    Kind kind = Kind::decision;
    std::string_view governor{};  // "type/name"
    std::string_view tenant{};
    Enrolment enrolment = Enrolment::none;  // the tenant is new with this change
    std::uint64_t seq = 0;                  // zero: it took no number
    Instant at{};
    const Command* asked = nullptr;  // for a decision; null when time moved it
    std::string_view policy_rev{};
    Outcome outcome{};
    std::int64_t amount = 0;
    bool in_history = false;
    const RememberedId* id = nullptr;    // put into the ring of ids
    std::uint32_t id_tag = 0;            // IdRing::tenant_tag()
    std::span<const std::byte> image{};  // empty: nothing changed but the rings
    bool forgets = false;                // removed: and its name is to leave the disk; not recorded
};

// What control or a configuration made of a governor.
struct GovernorChange {
    enum class Standing : std::uint8_t { in_work, set_aside, purged };
    std::string_view title{};
    Standing standing = Standing::in_work;
    bool named_by_file = false;
    std::string_view policy_rev{};
    std::string_view config{};  // canonical JSON; empty when it did not change
    // When it came into force: what was used by then is judged as of then. The epoch in a snapshot.
    Instant at{};
};

class ChangeSink {
public:
    virtual ~ChangeSink() = default;
    virtual void note(const Change& change) = 0;
    virtual void note(const GovernorChange& change) = 0;
    // All that was noted since the last call is one decision: kept whole or not at all.
    virtual void end_decision() = 0;
    // False: nothing can be kept right now, and what would change state must be refused.
    virtual bool accepts() const { return true; }
    // False: memory is ahead of a disk that fails, and nobody is to hear of what a power cut would
    // take back: looks and repeated ids are refused as well.
    virtual bool shows() const { return true; }
};

}  // namespace flyball
