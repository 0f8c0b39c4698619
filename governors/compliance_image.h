#pragma once
// The bytes of a compliance governor's Effect: a tenant's state, a record of the chain with its
// hash and the tenant's state after it, or the chain's own place. Little-endian, the same on every
// machine; nothing in them depends on the configuration. The salt is in here and nowhere else.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "governors/audit.h"
#include "governors/compliance_settings.h"
#include "schemas/byte_buffer.h"
#include "schemas/time.h"

namespace flyball {

// Stored: append only.
enum class ComplianceStanding : std::uint8_t { compliant, non_compliant, remediation };
std::string_view to_text(ComplianceStanding standing);

// A copy takes the strikes that there are, not the places for all.
struct Strikes {
    std::size_t count = 0;
    std::array<Instant, strikes_max> at;  // earliest first

    Strikes() = default;
    Strikes(const Strikes& other) { *this = other; }
    Strikes& operator=(const Strikes& other) {
        count = other.count;
        std::copy_n(other.at.begin(), count, at.begin());
        return *this;
    }
};

struct ComplianceState {
    std::optional<Salt> salt;  // nothing was recorded yet
    ComplianceStanding standing = ComplianceStanding::compliant;
    std::uint64_t checks = 0;
    std::uint64_t denied = 0;
    std::uint64_t warned = 0;  // allowed with a violation
    Strikes strikes;

    std::span<const Instant> all_strikes() const { return {strikes.at.data(), strikes.count}; }
    bool operator==(const ComplianceState& other) const;
};

struct ComplianceImage {
    enum class Kind : std::uint8_t { tenant = 1, record = 2, chain = 3 };
    Kind kind = Kind::tenant;
    ComplianceState state{};    // tenant, record
    Sha256 hash{};              // record: h[i]
    std::string_view record{};  // record: r[i]
    ChainHead head{};           // chain
    // Chain: the oldest record that is kept once the image is in force; 0: none up to its head.
    std::uint64_t first_seq = 0;
};

// Replaces what is in `out`.
void encode(const ComplianceImage& image, ByteBuffer& out);
// The same of a tenant's state and of a record, without an image put together for it.
void encode_tenant(const ComplianceState& state, ByteBuffer& out);
void encode_record(const ComplianceState& state, const Sha256& hash, std::string_view record,
                   ByteBuffer& out);
// Nothing when the bytes are no image. The record points into them and is not looked at.
std::optional<ComplianceImage> decode_compliance_image(std::span<const std::byte> bytes);

}  // namespace flyball
