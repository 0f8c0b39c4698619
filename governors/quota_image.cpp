#include "governors/quota_image.h"

#include <algorithm>

#include "schemas/expects.h"

namespace flyball {

namespace {

constexpr std::uint64_t version = 1;
constexpr std::uint64_t has_override = 1;
constexpr std::uint64_t has_burst = 2;
constexpr unsigned words_shift = 2;  // how many words of the slot follow; the rest are 0

struct ByteWriter {
    std::byte* to;
    void put(std::uint64_t number, unsigned bytes) {
        for (unsigned at = 0; at < bytes; ++at) {
            *to++ = static_cast<std::byte>(number >> (at * 8));
        }
    }
};

struct ByteReader {
    std::span<const std::byte> from;
    bool good = true;
    std::uint64_t take(unsigned bytes) {
        good = good && from.size() >= bytes;
        if (!good) {
            return 0;
        }
        std::uint64_t number = 0;
        for (unsigned at = 0; at < bytes; ++at) {
            number |= std::to_integer<std::uint64_t>(from[at]) << (at * 8);
        }
        from = from.subspan(bytes);
        return number;
    }
    std::int64_t take_signed() { return static_cast<std::int64_t>(take(8)); }
};

}  // namespace

std::span<const std::byte> encode(const QuotaImage& image, QuotaImageBytes& buffer) {
    expects(image.resource.size() <= resource_name_bytes_max, "a resource's name was checked");
    const auto& words = image.slot.words;
    std::uint64_t count = words.size();
    while (count > 0 && words[count - 1] == 0) {
        --count;
    }
    const bool burst = image.override_terms && image.override_terms->burst;
    ByteWriter out{buffer.data()};
    out.put(version, 1);
    out.put(
        (image.override_terms ? has_override : 0) | (burst ? has_burst : 0) | count << words_shift,
        1);
    out.put(image.rule_tag, 4);
    for (std::uint64_t at = 0; at < count; ++at) {
        out.put(static_cast<std::uint64_t>(words[at]), 8);
    }
    if (image.override_terms) {
        out.put(static_cast<std::uint64_t>(image.override_terms->limit), 8);
    }
    if (burst) {
        out.put(static_cast<std::uint64_t>(*image.override_terms->burst), 8);
    }
    for (const char letter : image.resource) {
        out.put(static_cast<std::uint8_t>(letter), 1);
    }
    return {buffer.data(), out.to};
}

std::optional<QuotaImage> decode_quota_image(std::span<const std::byte> bytes) {
    ByteReader in{bytes};
    const bool known = in.take(1) == version;
    const std::uint64_t flags = in.take(1);
    const std::uint64_t count = flags >> words_shift;
    QuotaImage image;
    image.rule_tag = static_cast<std::uint32_t>(in.take(4));
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
