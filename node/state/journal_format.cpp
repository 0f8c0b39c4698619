#include "node/state/journal_format.h"

#include <lz4.h>

#include <limits>

#include "schemas/byte_order.h"
#include "schemas/expects.h"
#include "schemas/size_within.h"

namespace flyball {

namespace {

constexpr std::uint32_t magic = 0x314a4246;  // FBJ1
constexpr std::size_t checked_bytes = group_header_bytes - sizeof(std::uint64_t);

// Places in the header.
constexpr std::size_t version_at = 4;
constexpr std::size_t flags_at = 6;
constexpr std::size_t segment_at = 8;
constexpr std::size_t offset_at = 16;
constexpr std::size_t first_record_at = 24;
constexpr std::size_t count_at = 32;
constexpr std::size_t body_bytes_at = 36;
constexpr std::size_t stored_bytes_at = 40;
constexpr std::size_t synced_at = 44;
constexpr std::size_t previous_at = 48;
constexpr std::size_t checksum_at = 56;

template <typename Number>
Number load(std::span<const std::byte> bytes, std::size_t at) {
    return load_little_endian<Number>(bytes.data() + at);
}

GroupHeader load_header(std::span<const std::byte> bytes) {
    return {.version = load<std::uint16_t>(bytes, version_at),
            .flags = load<std::uint16_t>(bytes, flags_at),
            .segment = load<std::uint64_t>(bytes, segment_at),
            .offset = load<std::uint64_t>(bytes, offset_at),
            .first_record = load<std::uint64_t>(bytes, first_record_at),
            .count = load<std::uint32_t>(bytes, count_at),
            .body_bytes = load<std::uint32_t>(bytes, body_bytes_at),
            .stored_bytes = load<std::uint32_t>(bytes, stored_bytes_at),
            .synced = load<std::uint32_t>(bytes, synced_at),
            .previous = load<std::uint64_t>(bytes, previous_at),
            .checksum = load<std::uint64_t>(bytes, checksum_at)};
}

void store_header(std::byte* to, const GroupHeader& header) {
    store_little_endian(to, magic);
    store_little_endian(to + version_at, header.version);
    store_little_endian(to + flags_at, header.flags);
    store_little_endian(to + segment_at, header.segment);
    store_little_endian(to + offset_at, header.offset);
    store_little_endian(to + first_record_at, header.first_record);
    store_little_endian(to + count_at, header.count);
    store_little_endian(to + body_bytes_at, header.body_bytes);
    store_little_endian(to + stored_bytes_at, header.stored_bytes);
    store_little_endian(to + synced_at, header.synced);
    store_little_endian(to + previous_at, header.previous);
    store_little_endian(to + checksum_at, header.checksum);
}

bool sizes_agree(const GroupHeader& header) {
    const bool packed = (header.flags & group_flag_lz4) != 0;
    return header.count > 0 && header.count <= header.body_bytes && header.first_record > 0 &&
           header.first_record <= std::numeric_limits<std::uint64_t>::max() - header.count &&
           header.body_bytes <= segment_bytes_max &&
           (packed ? header.stored_bytes < header.body_bytes
                   : header.stored_bytes == header.body_bytes);
}

// The length in front, or 0 bytes read when there is none that fits.
std::size_t get_length(std::span<const std::byte> from, std::uint32_t& length) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < length_bytes_max && i < from.size(); ++i) {
        const auto byte = std::to_integer<std::uint64_t>(from[i]);
        value |= (byte & 0x7fU) << (7 * i);
        if (byte < 0x80U) {
            length = static_cast<std::uint32_t>(value);
            return value <= std::numeric_limits<std::uint32_t>::max() ? i + 1 : 0;
        }
    }
    return 0;
}

}  // namespace

void seal_group(GroupHeader& header, std::span<std::byte> group) {
    expects(group.size() == group_header_bytes + header.stored_bytes);
    header.checksum = 0;
    store_header(group.data(), header);
    header.checksum = group_checksum(group.first(checked_bytes), group.subspan(group_header_bytes));
    store_little_endian(group.data() + checksum_at, header.checksum);
}

GroupCheck check_group(std::span<const std::byte> bytes, std::uint64_t segment,
                       std::uint64_t offset, StoredGroup& out) {
    const auto at = size_within(offset, bytes.size());
    if (!at || bytes.size() - *at < group_header_bytes) {
        return GroupCheck::unsound;
    }
    bytes = bytes.subspan(*at);
    // The cheap refusals first: a reader looks at every place where a group could begin.
    if (load<std::uint32_t>(bytes, 0) != magic ||
        load<std::uint64_t>(bytes, segment_at) != segment ||
        load<std::uint64_t>(bytes, offset_at) != offset) {
        return GroupCheck::unsound;
    }
    out.header = load_header(bytes);
    const std::span<const std::byte> rest = bytes.subspan(group_header_bytes);
    if (out.header.stored_bytes > rest.size()) {
        return GroupCheck::unsound;
    }
    out.body = rest.first(out.header.stored_bytes);
    if (out.header.checksum == 0 ||
        !checksum_holds(out.header.checksum, bytes.first(checked_bytes), out.body)) {
        return GroupCheck::unsound;
    }
    if (out.header.version != group_version || (out.header.flags & ~group_flag_lz4) != 0) {
        return GroupCheck::unknown_form;
    }
    return sizes_agree(out.header) ? GroupCheck::sound : GroupCheck::unsound;
}

std::optional<std::uint64_t> claimed_segment(std::span<const std::byte> bytes) {
    return bytes.size() >= group_header_bytes && load<std::uint32_t>(bytes, 0) == magic
               ? std::optional(load<std::uint64_t>(bytes, segment_at))
               : std::nullopt;
}

bool resembles_group(std::span<const std::byte> bytes, std::uint64_t offset,
                     const GroupHeader& expected) {
    const auto at = size_within(offset, bytes.size());
    if (!at || bytes.size() - *at < group_header_bytes) {
        return false;
    }
    bytes = bytes.subspan(*at);
    const GroupHeader found = load_header(bytes);
    return (found.segment == expected.segment && found.offset == offset) ||
           (found.segment == expected.segment && load<std::uint32_t>(bytes, 0) == magic) ||
           (expected.previous != 0 && found.previous == expected.previous);
}

std::span<const std::byte> unpack_group(const StoredGroup& group, JournalBytes& room) {
    std::span<const std::byte> records = group.body;
    if ((group.header.flags & group_flag_lz4) != 0) {
        if (room.size() < group.header.body_bytes) {
            room.resize(group.header.body_bytes);
        }
        const int got = LZ4_decompress_safe(
            reinterpret_cast<const char*>(group.body.data()), reinterpret_cast<char*>(room.data()),
            static_cast<int>(group.body.size()), static_cast<int>(group.header.body_bytes));
        if (got < 0 || static_cast<std::uint32_t>(got) != group.header.body_bytes) {
            return {};
        }
        records = std::span(room).first(group.header.body_bytes);
    }
    return holds_records(records, group.header.count) ? records : std::span<const std::byte>();
}

std::size_t put_length(std::byte* to, std::uint32_t length) {
    std::size_t size = 0;
    for (; length >= 0x80U; length >>= 7U) {
        to[size++] = static_cast<std::byte>((length & 0x7fU) | 0x80U);
    }
    to[size++] = static_cast<std::byte>(length);
    return size;
}

bool holds_records(std::span<const std::byte> records, std::uint32_t count) {
    for (; count > 0; --count) {
        std::uint32_t length = 0;
        const std::size_t head = get_length(records, length);
        if (head == 0 || length == 0 || length > records.size() - head) {
            return false;
        }
        records = records.subspan(head + length);
    }
    return records.empty();
}

std::span<const std::byte> take_record(std::span<const std::byte>& records) {
    std::uint32_t length = 0;
    const std::size_t head = get_length(records, length);
    const std::span<const std::byte> record = records.subspan(head, length);
    records = records.subspan(head + length);
    return record;
}

}  // namespace flyball
