#pragma once
// The bytes of a billing governor's Effect: the whole ledger of an account and the holds that a
// change puts or removes. Little-endian, the same on every machine; nothing in them depends on the
// configuration.

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

#include "governors/billing_ledger.h"
#include "schemas/byte_buffer.h"

namespace flyball {

inline constexpr std::size_t hold_name_bytes_max = 64;

struct BillingHoldChange {
    bool put = false;  // else the name is removed
    bool expired = false;
    std::string_view name{};
    std::int64_t amount = 0;
    Instant end{};
};

struct BillingImage {
    BillingLedger ledger;  // `held` is worked out from the holds
    // One is placed, and an expired one may have to go for it.
    std::array<BillingHoldChange, 2> changes{};
    std::size_t change_count = 0;

    void add(const BillingHoldChange& change) { changes[change_count++] = change; }
    std::span<const BillingHoldChange> all() const { return {changes.data(), change_count}; }
};

// False for a ledger that no sequence of decisions can have led to.
bool sound(const BillingLedger& ledger);

// Replaces what is in `out`.
std::span<const std::byte> encode(const BillingImage& image, ByteBuffer& out);
// Nothing when the bytes are no image. Names point into `bytes`.
std::optional<BillingImage> decode_billing_image(std::span<const std::byte> bytes);

}  // namespace flyball
