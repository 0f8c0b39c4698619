#pragma once
// The bytes of a quota's Effect: one tenant's slot and override of one resource, as they are after
// (or were before) a change. Little-endian, the same on every machine. The resource goes by name
// and the slot by its rule's tag, so that an image still means the same after a config edit.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "governors/quota_meter.h"
#include "schemas/byte_buffer.h"

namespace flyball {

inline constexpr std::size_t resource_name_bytes_max = 64;

struct QuotaOverride {
    std::int64_t limit = 0;
    std::optional<std::int64_t> burst;  // absent: as the limit
    bool operator==(const QuotaOverride&) const = default;
};

struct QuotaImage {
    std::string_view resource;
    std::uint32_t rule_tag = 0;
    QuotaSlot slot;
    std::optional<QuotaOverride> override_terms;
};

// 6 bytes of header, 24 of slot, 16 of override, the name.
inline constexpr std::size_t quota_image_bytes_max = 6 + 24 + 16 + resource_name_bytes_max;

// Replaces what is in `out`. Takes the parts: an image that is put together and then read waits for
// its own stores.
std::span<const std::byte> encode_quota_image(std::string_view resource, std::uint32_t rule_tag,
                                              const QuotaSlot& slot,
                                              const std::optional<QuotaOverride>& override_terms,
                                              ByteBuffer& out);
// Nothing when the bytes are no image. The name points into `bytes`.
std::optional<QuotaImage> decode_quota_image(std::span<const std::byte> bytes);

}  // namespace flyball
