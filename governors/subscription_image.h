#pragma once
// The bytes of a subscription governor's Effect: the whole subscription of a tenant. Little-endian,
// the same on every machine; the plan goes by name with the terms that the present period has.

#include <optional>
#include <span>

#include "governors/subscription_course.h"
#include "schemas/byte_buffer.h"

namespace flyball {

// Replaces what is in `out`.
std::span<const std::byte> encode(const Subscription& subscription, ByteBuffer& out);
// Nothing when the bytes are no image.
std::optional<Subscription> decode_subscription_image(std::span<const std::byte> bytes);

}  // namespace flyball
