#pragma once
// The bytes around a section of a snapshot: its header, the checksums, the content of the end
// section. Little-endian, the same on every machine. Pure; any thread.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace flyball {

inline constexpr std::size_t section_header_bytes = 32;
inline constexpr std::uint32_t section_flag_required = 1;
inline constexpr std::uint16_t end_section = 0xFFFF;
inline constexpr std::uint16_t end_version = 1;

struct SectionHeader {
    std::uint16_t type = 0;
    std::uint16_t version = 0;
    std::uint32_t flags = 0;
    std::uint64_t stored_bytes = 0;
    std::uint64_t raw_bytes = 0;
    std::uint64_t checksum = 0;  // of the above and what is stored
};
using SectionHeaderBytes = std::array<std::byte, section_header_bytes>;

// Seals the header with the checksum, too.
SectionHeaderBytes sealed(SectionHeader& header, std::span<const std::byte> stored);
SectionHeader read_section_header(const SectionHeaderBytes& bytes);

// The end section's content: how many sections come before it, and their checksums in one.
struct SnapshotEnd {
    std::uint64_t count = 0;
    std::uint64_t sum = 0;
    bool operator==(const SnapshotEnd&) const = default;
};
using SnapshotEndBytes = std::array<std::byte, 16>;
SnapshotEndBytes end_bytes(const SnapshotEnd& end);
std::optional<SnapshotEnd> read_end(std::span<const std::byte> bytes);
std::uint64_t added(std::uint64_t sum, std::uint64_t checksum);

// In a file of their own, so that a fuzzer can put others in their place.
std::uint64_t section_checksum(const SectionHeaderBytes& header, std::span<const std::byte> stored);
bool section_sum_holds(std::uint64_t expected, std::uint64_t found);

}  // namespace flyball
