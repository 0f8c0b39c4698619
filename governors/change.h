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
};

class ChangeSink {
public:
    virtual ~ChangeSink() = default;
    // Several may belong to one decision: the engine says where one ends.
    virtual void note(const Change& change) = 0;
};

}  // namespace flyball
