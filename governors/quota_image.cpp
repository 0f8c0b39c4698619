#include "governors/quota_image.h"

#include "schemas/byte_order.h"
#include "schemas/expects.h"
#include "schemas/short_text.h"

namespace flyball {

namespace {

constexpr std::uint8_t version = 1;
constexpr std::uint64_t has_override = 1;
constexpr std::uint64_t has_burst = 2;
constexpr unsigned words_shift = 2;  // how many words of the slot follow; the rest are 0

struct ByteWriter {
    char* to;
    template <typename Number>
    void put(Number number) {
        store_little_endian(to, number);
        to += sizeof(number);
    }
};

}  // namespace

std::span<const std::byte> encode_quota_image(std::string_view resource, std::uint32_t rule_tag,
                                              const QuotaSlot& slot,
                                              const std::optional<QuotaOverride>& override_terms,
                                              ByteBuffer& buffer) {
    expects(!resource.empty() && resource.size() <= resource_name_bytes_max,
            "a resource's name was checked");
    const auto& words = slot.words;
    std::size_t count = words.size();
    while (count > 0 && words[count - 1] == 0) {
        --count;
    }
    const bool burst = override_terms && override_terms->burst;
    buffer.clear();
    ByteWriter out{buffer.room(quota_image_bytes_max)};
    out.put(version);
    out.put(static_cast<std::uint8_t>((override_terms ? has_override : 0) |
                                      (burst ? has_burst : 0) | count << words_shift));
    out.put(rule_tag);
    for (std::size_t at = 0; at < count; ++at) {
        out.put(static_cast<std::uint64_t>(words[at]));
    }
    if (override_terms) {
        out.put(static_cast<std::uint64_t>(override_terms->limit));
    }
    if (burst) {
        out.put(static_cast<std::uint64_t>(*override_terms->burst));
    }
    copy_short(out.to, resource.data(), resource.size());
    buffer.taken_to(out.to + resource.size());
    return std::as_bytes(std::span(buffer.bytes()));
}

std::optional<QuotaImage> decode_quota_image(std::span<const std::byte> bytes) {
    constexpr std::size_t header_bytes = 6;
    const std::byte* from = bytes.data();
    if (bytes.size() < header_bytes || load_little_endian<std::uint8_t>(from) != version) {
        return std::nullopt;
    }
    const std::size_t flags = load_little_endian<std::uint8_t>(from + 1);
    const std::size_t count = flags >> words_shift;
    const bool has_terms = (flags & has_override) != 0;
    const bool burst = has_terms && (flags & has_burst) != 0;
    const std::size_t name_at = header_bytes + 8 * (count + (has_terms ? 1 : 0) + (burst ? 1 : 0));
    if (count > QuotaSlot{}.words.size() || bytes.size() <= name_at ||
        bytes.size() > name_at + resource_name_bytes_max) {
        return std::nullopt;
    }
    QuotaImage image;
    image.rule_tag = load_little_endian<std::uint32_t>(from + 2);
    from += header_bytes;
    const auto take = [&from] {
        const auto number = load_little_endian<std::uint64_t>(from);
        from += sizeof(number);
        return static_cast<std::int64_t>(number);
    };
    for (std::size_t at = 0; at < count; ++at) {
        image.slot.words[at] = take();
    }
    if (has_terms) {
        QuotaOverride& terms = image.override_terms.emplace();
        terms.limit = take();
        if (burst) {
            terms.burst = take();
        }
        if (terms.limit < 0 || terms.burst.value_or(0) < 0) {
            return std::nullopt;
        }
    }
    image.resource = {reinterpret_cast<const char*>(from), bytes.size() - name_at};
    return image;
}

}  // namespace flyball
