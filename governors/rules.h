#pragma once
// The seam between a named governor (governors/governor.h: ids, rings, tenants, modes) and what its
// type decides. A type is pure: no clock, no file, no thread, no randomness; `now` comes in and
// never runs backwards between calls. One thread at a time. judge() changes nothing; what it would
// change comes out as an Effect, an after-image that apply() puts in place, so that a journal can
// keep it, recovery can apply it without deciding again, and an admit can take it back.

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "governors/chain.h"
#include "governors/command.h"
#include "governors/effect.h"
#include "schemas/reason.h"
#include "schemas/request.h"
#include "schemas/result.h"
#include "schemas/time.h"
#include "schemas/tree.h"
#include "schemas/writer.h"

namespace flyball {

// A tenant's place in its governor's table; no_tenant for one that is not enrolled.
using TenantIndex = std::uint32_t;
inline constexpr TenantIndex no_tenant = std::numeric_limits<TenantIndex>::max();
// 22 bits in the event ring's slot.
inline constexpr TenantIndex tenants_max = (1U << 22) - 2;

// What is asked of the rules, of whom, when. Valid for one call.
struct Case {
    const Command& command;
    TenantIndex tenant = no_tenant;  // no_tenant: decide as for a fresh one
    Instant now{};
    std::string_view tenant_name{};
    std::string_view policy_rev{};  // of the governor's configuration
    bool clock_known = true;        // false: no span that begins now can be given an end
    bool dry_run = false;           // write() then tells of nothing that was recorded
    bool undoable = true;           // judge() gives the image before its effect, too
};

// What becomes of a tenant that is not enrolled, op by op.
enum class Newcomer : std::uint8_t {
    by_settings,  // an A op enrols; an R op does with auto_enroll, else it is unknown_tenant
    enrols,       // there must be room
    unknown,      // deny unknown_tenant
    judged,       // judge() says; it leaves the effect empty, so nobody is enrolled
};

struct Judgement {
    Verdict verdict = Verdict::allow;  // allow or deny of an R op, ok of an A op or get, error
    Reason reason = Reason::none;
    std::string_view field;     // with an error: the field whose value does not fit ...
    std::string_view expected;  // ... and what would (static text)
    std::optional<std::int64_t> retry_after_ms;
    std::optional<std::int64_t> granted;   // how much of a partial request was granted
    std::int64_t amount = 0;               // for the history
    std::optional<std::int64_t> short_by;  // billing: how much was missing
    std::uint64_t detail = 0;              // the type's own, for its write()
    std::string_view state;  // what state() would say afterwards, where it is known anyway
};

class Rules {
public:
    virtual ~Rules() = default;
    // ---- what it takes
    // The type's ops; index = Command::op. `get` and `forget` are every type's: `get` must be in
    // the table, `forget` is the governor's own and must not. Append only: ids on disk hold the
    // index. The index one past the table stands for `forget`.
    virtual std::span<const Op> ops() const = 0;
    // Every own field that any op reads: what a request's `must` may name.
    virtual std::span<const std::string_view> field_names() const { return {}; }
    // The op of a part of an admit.
    virtual std::string_view admit_op() const { return "check"; }
    // Whether `op` is refused without an `id` (missing_field).
    virtual bool requires_id(std::string_view /*op*/) const { return false; }
    virtual Newcomer newcomer(const Command& /*command*/) const { return Newcomer::by_settings; }

    // Reads and checks the op's own fields in the order of docs/protocol.md; faults go to `fields`.
    // Sets `command.look` where the op only asks.
    virtual void read(Command& command, FieldReader& fields) const = 0;

    // ---- what it decides
    // Decides; time has been passed up to `now` (pass_time). Changes nothing; what the decision
    // would change, a denial too, is put into `effect`, left empty when that is nothing.
    virtual Judgement judge(const Case& asked, Effect& effect) const = 0;
    // Puts an image (Effect::after or before, walk) in place for an enrolled tenant, or with
    // no_tenant for the type itself. Never fails for an image that this type made under any
    // earlier configuration; false: the image is damaged.
    virtual bool apply(TenantIndex tenant, std::span<const std::byte> image) = 0;
    // The same of an effect that its own judge() or pass_time() made and that it may still know.
    virtual bool apply_effect(TenantIndex tenant, const Effect& effect) {
        return apply(tenant, effect.after());
    }

    // When time alone next changes the tenant in a way that is announced; nothing: never.
    virtual std::optional<Instant> due(TenantIndex /*tenant*/) const { return std::nullopt; }
    // Puts the first change that was due at or before `now` into `effect`, announced as of the time
    // it was due. Once applied, due() is later than before.
    virtual void pass_time(TenantIndex /*tenant*/, Instant /*now*/, Effect& /*effect*/) const {}

    // ---- what it says
    // The type's own reply keys, levels as they are at `now`; `judgement` is null for a replay.
    virtual void write(Writer& writer, const Case& asked, const Judgement* judgement) const = 0;
    // The reply's `state`; static text.
    virtual std::string_view state(const Case& asked) const = 0;
    virtual std::optional<ChainHead> head() const { return std::nullopt; }
    virtual ChainKept* kept() { return nullptr; }  // there whenever head() is

    // ---- who it knows
    // Makes room for a tenant whose index was not in use; erase() forgets everything of it.
    virtual void enrol(TenantIndex tenant) = 0;
    virtual void erase(TenantIndex tenant) = 0;
    // What remains to be recorded, of the type itself, when an enrolled tenant is forgotten.
    virtual void judge_forget(const Case& /*asked*/, Effect& /*effect*/) const {}
    // Nothing would be lost by erasing it now (full quota, no override).
    virtual bool at_defaults(TenantIndex tenant, Instant now) const = 0;
    // Everything of a tenant, or with no_tenant of the type itself, as images for apply().
    using Visit = std::function<void(std::span<const std::byte>)>;
    virtual void walk(TenantIndex tenant, const Visit& visit) const = 0;

    // ---- its configuration
    // The effective settings of the type, all defaults filled in.
    virtual Tree settings() const = 0;
    // Takes new settings, keeping what was used where docs/protocol.md says so, and returns the
    // names of what had to start anew. Changes nothing when it fails; the error names the key.
    virtual Result<std::vector<std::string>> configure(const Tree& settings, Instant now) = 0;

    virtual std::size_t memory_bytes() const = 0;
};

// What a type is told when it is made.
struct RulesContext {
    std::string title;                    // "type/name"
    std::uint64_t instance = 0;           // of the node's state
    std::array<std::byte, 32> entropy{};  // of this process: salts are drawn from it
    bool keeps_records = false;           // a journal has what is decided, from the start
};

}  // namespace flyball
