#include "governors/quota_image.h"

#include <cstring>

#include "schemas/byte_order.h"
#include "schemas/expects.h"

namespace flyball {

namespace {

constexpr std::uint8_t version = 1;
constexpr std::uint64_t has_override = 1;
constexpr std::uint64_t has_burst = 2;
constexpr unsigned words_shift = 2;  // how many words of the slot follow; the rest are 0

struct ByteWriter {
    std::byte* to;
    template <typename Number>
    void put(Number number) {
        store_little_endian(to, number);
        to += sizeof(number);
    }
};

struct ByteReader {
    std::span<const std::byte> from;
    bool good = true;
    template <typename Number>
    Number take() {
        good = good && from.size() >= sizeof(Number);
        if (!good) {
            return 0;
        }
        const auto number = load_little_endian<Number>(from.data());
        from = from.subspan(sizeof(Number));
        return number;
    }
    std::int64_t take_signed() { return static_cast<std::int64_t>(take<std::uint64_t>()); }
};

}  // namespace

std::span<const std::byte> encode(const QuotaImage& image, QuotaImageBytes& buffer) {
    expects(!image.resource.empty() && image.resource.size() <= resource_name_bytes_max,
            "a resource's name was checked");
    const auto& words = image.slot.words;
    std::uint64_t count = words.size();
    while (count > 0 && words[count - 1] == 0) {
        --count;
    }
    const bool burst = image.override_terms && image.override_terms->burst;
    ByteWriter out{buffer.data()};
    out.put(version);
    out.put(static_cast<std::uint8_t>((image.override_terms ? has_override : 0) |
                                      (burst ? has_burst : 0) | count << words_shift));
    out.put(image.rule_tag);
    for (std::uint64_t at = 0; at < count; ++at) {
        out.put(static_cast<std::uint64_t>(words[at]));
    }
    if (image.override_terms) {
        out.put(static_cast<std::uint64_t>(image.override_terms->limit));
    }
    if (burst) {
        out.put(static_cast<std::uint64_t>(*image.override_terms->burst));
    }
    std::memcpy(out.to, image.resource.data(), image.resource.size());
    out.to += image.resource.size();
    return {buffer.data(), out.to};
}

std::optional<QuotaImage> decode_quota_image(std::span<const std::byte> bytes) {
    ByteReader in{bytes};
    const bool known = in.take<std::uint8_t>() == version;
    const std::uint64_t flags = in.take<std::uint8_t>();
    const std::uint64_t count = flags >> words_shift;
    QuotaImage image;
    image.rule_tag = in.take<std::uint32_t>();
    if (!known || !in.good || count > image.slot.words.size()) {
        return std::nullopt;
    }
    for (std::uint64_t at = 0; at < count; ++at) {
        image.slot.words[at] = in.take_signed();
    }
    if ((flags & has_override) != 0) {
        image.override_terms = QuotaOverride{.limit = in.take_signed(), .burst = {}};
        if ((flags & has_burst) != 0) {
            image.override_terms->burst = in.take_signed();
        }
        if (image.override_terms->limit < 0 || image.override_terms->burst.value_or(0) < 0) {
            return std::nullopt;
        }
    }
    if (!in.good || in.from.empty() || in.from.size() > resource_name_bytes_max) {
        return std::nullopt;
    }
    image.resource = {reinterpret_cast<const char*>(in.from.data()), in.from.size()};
    return image;
}

}  // namespace flyball
