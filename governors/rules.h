#pragma once
// The seam between a named governor (governors/governor.h: ids, rings, tenants, modes) and what its
// type decides. A type is pure: no clock, no file, no thread, no randomness; `now` comes in and
// never runs backwards between calls. One thread at a time. judge() changes nothing; what it would
// change comes out as an Effect, an after-image that apply() puts in place, so that a journal can
// keep it, recovery can apply it without deciding again, and an admit can take it back.

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

#include "governors/command.h"
#include "schemas/expects.h"
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

// The after-image of one change of one tenant, and the image before it: bytes that only the type
// reads, little-endian, the same on every machine.
class Effect {
public:
    static constexpr std::size_t bytes_max = 256;

    bool empty() const { return after_bytes_ == 0; }
    std::span<const std::byte> after() const { return {after_.data(), after_bytes_}; }
    std::span<const std::byte> before() const { return {before_.data(), before_bytes_}; }
    void clear() { after_bytes_ = before_bytes_ = 0; }
    void set_after(std::span<const std::byte> image) { after_bytes_ = copy(after_, image); }
    void set_before(std::span<const std::byte> image) { before_bytes_ = copy(before_, image); }

private:
    using Image = std::array<std::byte, bytes_max>;
    static std::uint16_t copy(Image& to, std::span<const std::byte> from) {
        expects(from.size() <= bytes_max, "an effect fits its image");
        std::memcpy(to.data(), from.data(), from.size());
        return static_cast<std::uint16_t>(from.size());
    }
    Image after_;
    Image before_;
    std::uint16_t after_bytes_ = 0;
    std::uint16_t before_bytes_ = 0;
};

// What happened that others may want to hear of (docs/protocol.md, events).
enum class Happening : std::uint8_t {
    none,
    state_changed,
    quota_warning,
    quota_exceeded,
};

struct Judgement {
    Verdict verdict = Verdict::allow;  // allow or deny of an R op, ok of an A op or get, error
    Reason reason = Reason::none;
    std::string_view field;     // with an error: the field whose value does not fit ...
    std::string_view expected;  // ... and what would (static text)
    std::optional<std::int64_t> retry_after_ms;
    std::optional<std::int64_t> granted;  // how much of a partial request was granted
    std::int64_t amount = 0;              // for the history
    Happening happening = Happening::none;
    // What state() would say once the effect is in place, where judge() knows it anyway; else
    // empty.
    std::string_view state;
};

class Rules {
public:
    virtual ~Rules() = default;

    // The type's ops; index = Command::op. `get` and `forget` are every type's: `get` must be in
    // the table, `forget` is the governor's own and must not.
    virtual std::span<const Op> ops() const = 0;
    // Every own field that any op reads: what a request's `must` may name.
    virtual std::span<const std::string_view> field_names() const { return {}; }

    // Reads and checks the op's own fields in the order of docs/protocol.md; faults go to `fields`.
    virtual void read(Command& command, FieldReader& fields) const = 0;

    // Decides. `tenant` may be no_tenant: then as for a fresh one. Changes nothing; what an allow
    // or ok would change is put into `effect` (left empty when nothing).
    virtual Judgement judge(const Command& command, TenantIndex tenant, Instant now,
                            Effect& effect) const = 0;

    // Puts an image (Effect::after or before) in place for an enrolled tenant. Never fails for an
    // image that judge() made under any earlier configuration; false: the image is damaged.
    virtual bool apply(TenantIndex tenant, std::span<const std::byte> image) = 0;

    // The type's own reply keys, levels as they are at `now`; `judgement` is null for a replay.
    virtual void write(Writer& writer, const Command& command, const Judgement* judgement,
                       TenantIndex tenant, Instant now) const = 0;
    // The reply's `state`; static text.
    virtual std::string_view state(const Command& command, TenantIndex tenant,
                                   Instant now) const = 0;

    // Makes room for a tenant whose index was not in use; erase() forgets everything of it.
    virtual void enrol(TenantIndex tenant) = 0;
    virtual void erase(TenantIndex tenant) = 0;
    // Nothing would be lost by erasing it now (full quota, no override).
    virtual bool at_defaults(TenantIndex tenant, Instant now) const = 0;

    // The effective settings of the type, all defaults filled in.
    virtual Tree settings() const = 0;
    // Takes new settings, keeping what was used where the contract says so, and returns the names
    // of what had to start anew. Changes nothing when it fails; the error names the key.
    virtual Result<std::vector<std::string>> configure(const Tree& settings, Instant now) = 0;

    virtual std::size_t memory_bytes() const = 0;
};

}  // namespace flyball
