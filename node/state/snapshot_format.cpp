#include "node/state/snapshot_format.h"

#include "governors/keyed_hash.h"
#include "schemas/byte_order.h"

namespace flyball {

namespace {

constexpr std::size_t checksum_at = section_header_bytes - sizeof(std::uint64_t);

}  // namespace

SectionHeaderBytes sealed(SectionHeader& header, std::span<const std::byte> stored) {
    SectionHeaderBytes bytes{};
    store_little_endian(&bytes[0], header.type);
    store_little_endian(&bytes[2], header.version);
    store_little_endian(&bytes[4], header.flags);
    store_little_endian(&bytes[8], header.stored_bytes);
    store_little_endian(&bytes[16], header.raw_bytes);
    header.checksum = section_checksum(bytes, stored);
    store_little_endian(&bytes[checksum_at], header.checksum);
    return bytes;
}

SectionHeader read_section_header(const SectionHeaderBytes& bytes) {
    return {.type = load_little_endian<std::uint16_t>(&bytes[0]),
            .version = load_little_endian<std::uint16_t>(&bytes[2]),
            .flags = load_little_endian<std::uint32_t>(&bytes[4]),
            .stored_bytes = load_little_endian<std::uint64_t>(&bytes[8]),
            .raw_bytes = load_little_endian<std::uint64_t>(&bytes[16]),
            .checksum = load_little_endian<std::uint64_t>(&bytes[checksum_at])};
}

SnapshotEndBytes end_bytes(const SnapshotEnd& end) {
    SnapshotEndBytes bytes{};
    store_little_endian(&bytes[0], end.count);
    store_little_endian(&bytes[8], end.sum);
    return bytes;
}

std::optional<SnapshotEnd> read_end(std::span<const std::byte> bytes) {
    if (bytes.size() != sizeof(SnapshotEndBytes)) {
        return std::nullopt;
    }
    return SnapshotEnd{.count = load_little_endian<std::uint64_t>(bytes.data()),
                       .sum = load_little_endian<std::uint64_t>(bytes.data() + 8)};
}

std::uint64_t added(std::uint64_t sum, std::uint64_t checksum) {
    std::array<char, sizeof(checksum)> bytes{};
    store_little_endian(bytes.data(), checksum);
    return keyed_hash({bytes.data(), bytes.size()}, sum);
}

}  // namespace flyball
