#pragma once
// The bytes of an entitlement governor's Effect: either a tenant's tier and suspension, or one of
// its features: granted, revoked or neither. Little-endian, the same on every machine; tiers and
// features go by name.

#include <optional>
#include <span>
#include <string_view>

#include "governors/entitlement_value.h"
#include "schemas/byte_buffer.h"
#include "schemas/time.h"

namespace flyball {

// A tenant's own word on a feature, before its tier's.
struct EntitlementEntry {
    bool revoked = false;
    FeatureValue value = true;     // of a grant
    std::optional<Instant> end{};  // of a grant; nothing: none
    bool operator==(const EntitlementEntry&) const = default;
};

struct EntitlementImage {
    enum class Kind : std::uint8_t { tenant = 1, feature = 2 };
    Kind kind = Kind::tenant;
    bool suspended = false;
    std::string_view name{};  // the tier (empty: the default one), or the feature
    std::optional<EntitlementEntry> entry{};
};

// Replaces what is in `out`.
std::span<const std::byte> encode(const EntitlementImage& image, ByteBuffer& out);
// Nothing when the bytes are no image. The name points into `bytes`.
std::optional<EntitlementImage> decode_entitlement_image(std::span<const std::byte> bytes);

}  // namespace flyball
