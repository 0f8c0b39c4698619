#pragma once
// The keys common to every reply and how they are written, in full or brief. The type's own keys
// follow from whoever decided; the caller closes the map. Plain values, valid for one call.

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "schemas/reason.h"
#include "schemas/request.h"
#include "schemas/time.h"
#include "schemas/writer.h"

namespace flyball {

struct Reply : Echoed {
    std::string_view tenant;
    std::string_view governor;  // "type/name", "admit" or "node"
    Verdict verdict = Verdict::error;
    Reason reason = Reason::none;
    // With an error.
    std::string_view message;  // when empty, made from reason, field and expected
    std::string_view field;
    std::string_view expected;
    std::optional<std::size_t> offset;
    std::span<const std::string_view> supported;
    // With a decision.
    std::optional<std::int64_t> retry_after_ms;
    std::optional<std::uint64_t> seq;
    std::optional<Instant> at;
    std::string_view state;
    std::optional<std::int64_t> granted;
    std::string_view policy_rev;
    bool would_deny = false;  // observe mode
    bool replayed = false;
    Fields::Ignored ignored;

    void echo(const Echoed& request) { static_cast<Echoed&>(*this) = request; }
};

// Opens the reply's map and writes the common keys. `writer` is at a place for a value.
void open_reply(Writer& writer, const Reply& reply);

}  // namespace flyball
