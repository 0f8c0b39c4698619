#include "governors/entitlement_image.h"

#include "governors/image_bytes.h"
#include "schemas/utf8.h"

namespace flyball {

namespace {

constexpr std::uint8_t version = 1;
enum Flag : std::uint8_t { is_suspended = 1, is_there = 2, is_revoked = 4, has_end = 8 };
enum Form : std::uint8_t { boolean = 0, integer = 1, text = 2 };

void put_value(ImageWriter& out, const FeatureValue& value) {
    out.put(static_cast<std::uint8_t>(value.index()));
    if (const bool* flag = std::get_if<bool>(&value)) {
        out.put(static_cast<std::uint8_t>(*flag ? 1 : 0));
    } else if (const std::int64_t* number = std::get_if<std::int64_t>(&value)) {
        out.put_signed(*number);
    } else {
        out.put_text(std::get<std::string>(value));
    }
}

FeatureValue take_value(ImageReader& in) {
    switch (in.take<std::uint8_t>()) {
        case boolean: return in.take<std::uint8_t>() != 0;
        case integer: return in.take_signed();
        case text: {
            const std::string_view content = in.take_text();
            if (content.size() > feature_text_bytes_max || !valid_utf8(content)) {
                in.fail();
            }
            return std::string(content);
        }
    }
    in.fail();
    return false;
}

}  // namespace

std::span<const std::byte> encode(const EntitlementImage& image, ByteBuffer& bytes) {
    ImageWriter out(bytes);
    const auto& entry = image.entry;
    out.put(version);
    out.put(static_cast<std::uint8_t>(image.kind));
    out.put(static_cast<std::uint8_t>(
        (image.suspended ? is_suspended : 0) | (entry ? is_there : 0) |
        (entry && entry->revoked ? is_revoked : 0) | (entry && entry->end ? has_end : 0)));
    out.put_text(image.name);
    if (entry && !entry->revoked) {
        put_value(out, entry->value);
        if (entry->end) {
            out.put_signed(to_ms(*entry->end));
        }
    }
    return out.bytes();
}

std::optional<EntitlementImage> decode_entitlement_image(std::span<const std::byte> bytes) {
    ImageReader in(bytes);
    EntitlementImage image;
    if (in.take<std::uint8_t>() != version) {
        return std::nullopt;
    }
    const auto kind = in.take<std::uint8_t>();
    const unsigned flags = in.take<std::uint8_t>();
    image.kind = static_cast<EntitlementImage::Kind>(kind);
    image.suspended = (flags & is_suspended) != 0;
    image.name = in.take_text();
    const bool feature = image.kind == EntitlementImage::Kind::feature;
    if (!feature && (image.kind != EntitlementImage::Kind::tenant || (flags & is_there) != 0)) {
        return std::nullopt;
    }
    if (!(image.name.empty() && !feature) && !valid_feature_name(image.name)) {
        return std::nullopt;
    }
    if ((flags & is_there) != 0) {
        EntitlementEntry& entry = image.entry.emplace();
        entry.revoked = (flags & is_revoked) != 0;
        if (!entry.revoked) {
            entry.value = take_value(in);
            if ((flags & has_end) != 0) {
                entry.end = in.take_instant();
            }
        }
    }
    return in.ended() ? std::optional(std::move(image)) : std::nullopt;
}

}  // namespace flyball
