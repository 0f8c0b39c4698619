#include "governors/billing_image.h"

#include "governors/image_bytes.h"

namespace flyball {

namespace {

constexpr std::uint8_t version = 1;
enum Flag : std::uint8_t {
    is_open = 1,
    is_suspended = 2,
    is_low = 4,
    has_overage = 8,
    has_rate = 16,
    has_bucket = 32,
};
enum Change : std::uint8_t { is_put = 1, is_expired = 2 };

OwnBound take_bound(ImageReader& in) {
    const std::int64_t bound = in.take_signed();
    if (bound < 0) {
        in.fail();
    }
    return bound;
}

BillingHoldChange take_change(ImageReader& in) {
    BillingHoldChange change;
    const unsigned flags = in.take<std::uint8_t>();
    change.put = (flags & is_put) != 0;
    change.expired = (flags & is_expired) != 0;
    change.name = in.take_text();
    if (change.put) {
        change.amount = in.take_signed();
        change.end = in.take_instant();
    }
    if (change.name.empty() || change.name.size() > hold_name_bytes_max || change.amount < 0) {
        in.fail();
    }
    return change;
}

}  // namespace

bool sound(const BillingLedger& ledger) {
    return ledger.opening >= 0 && ledger.charged >= 0 && ledger.credited >= 0 &&
           ledger.rate_limit.value_or(0) <= billing_rate_max && ledger.gone >= 0 &&
           ledger.gone <= billing_rate_max * 60'000 && ledger.fits(0, ledger.overage.value_or(0));
}

std::span<const std::byte> encode(const BillingImage& image, ByteBuffer& bytes) {
    const BillingLedger& ledger = image.ledger;
    ImageWriter out(bytes);
    out.put(version);
    out.put(static_cast<std::uint8_t>(
        (ledger.open ? is_open : 0) | (ledger.suspended ? is_suspended : 0) |
        (ledger.low ? is_low : 0) | (ledger.overage ? has_overage : 0) |
        (ledger.rate_limit ? has_rate : 0) | (ledger.gone != 0 ? has_bucket : 0)));
    out.put_signed(ledger.opening);
    out.put_signed(ledger.charged);
    out.put_signed(ledger.credited);
    if (ledger.overage) {
        out.put_signed(*ledger.overage);
    }
    if (ledger.rate_limit) {
        out.put_signed(*ledger.rate_limit);
    }
    if (ledger.gone != 0) {
        out.put_signed(ledger.gone);
        out.put_signed(to_ms(ledger.bucket_at));
    }
    out.put(static_cast<std::uint8_t>(image.change_count));
    for (const BillingHoldChange& change : image.all()) {
        out.put(static_cast<std::uint8_t>((change.put ? is_put : 0) |
                                          (change.expired ? is_expired : 0)));
        out.put_text(change.name);
        if (change.put) {
            out.put_signed(change.amount);
            out.put_signed(to_ms(change.end));
        }
    }
    return out.bytes();
}

std::optional<BillingImage> decode_billing_image(std::span<const std::byte> bytes) {
    ImageReader in(bytes);
    BillingImage image;
    BillingLedger& ledger = image.ledger;
    if (in.take<std::uint8_t>() != version) {
        return std::nullopt;
    }
    const unsigned flags = in.take<std::uint8_t>();
    ledger.open = (flags & is_open) != 0;
    ledger.suspended = (flags & is_suspended) != 0;
    ledger.low = (flags & is_low) != 0;
    ledger.opening = in.take_signed();
    ledger.charged = in.take_signed();
    ledger.credited = in.take_signed();
    if ((flags & has_overage) != 0) {
        ledger.overage = take_bound(in);
    }
    if ((flags & has_rate) != 0) {
        ledger.rate_limit = take_bound(in);
    }
    if ((flags & has_bucket) != 0) {
        ledger.gone = in.take_signed();
        ledger.bucket_at = in.take_instant();
    }
    const std::size_t count = in.take<std::uint8_t>();
    if (!in.good() || count > image.changes.size() || !sound(ledger)) {
        return std::nullopt;
    }
    for (std::size_t at = 0; at < count; ++at) {
        image.add(take_change(in));
    }
    return in.ended() ? std::optional(image) : std::nullopt;
}

}  // namespace flyball
