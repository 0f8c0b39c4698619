#pragma once
// The bytes of a group of the journal (docs/design/state.md): a header of 64 bytes, then the
// records, each with its length as a varint in front, as they are or as one LZ4 block. Nothing that
// a file says is believed before the checksum holds, no length ever without a bound. Pure; any
// thread.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace flyball {

using JournalBytes = std::vector<std::byte>;

constexpr std::size_t group_header_bytes = 64;
constexpr std::size_t group_step_bytes = 64;      // groups begin at multiples of this
constexpr std::size_t pad_bytes_max = 4096;       // and of a padding, of this at most
constexpr std::size_t segment_step_bytes = 4096;  // segments have a multiple of this
constexpr std::size_t segment_bytes_max = std::size_t{16} << 20;  // what a reader takes into memory
constexpr std::uint16_t group_version = 1;
constexpr std::uint16_t group_flag_lz4 = 1;

struct GroupHeader {
    std::uint16_t version = group_version;
    std::uint16_t flags = 0;
    std::uint64_t segment = 0;
    std::uint64_t offset = 0;
    std::uint64_t first_record = 0;
    std::uint32_t count = 0;
    std::uint32_t body_bytes = 0;
    std::uint32_t stored_bytes = 0;
    // So much of the segment was on disk when this was written. What does not check out below it
    // was damaged; what does not at or above it may never have arrived.
    std::uint32_t synced = 0;
    std::uint64_t previous = 0;  // the checksum of the group before; 0 begins a journal
    std::uint64_t checksum = 0;  // never 0
};

// Writes the header in front of the stored body, which follows it at once, and seals both.
void seal_group(GroupHeader& header, std::span<std::byte> group);

enum class GroupCheck : std::uint8_t {
    sound,
    unknown_form,  // it checks out, but a later release made it
    unsound,
};

struct StoredGroup {
    GroupHeader header;
    std::span<const std::byte> body;
    std::uint64_t end() const { return header.offset + group_header_bytes + body.size(); }
};

// The group at `offset` of `segment`, of which `bytes` is all there is.
GroupCheck check_group(std::span<const std::byte> bytes, std::uint64_t segment,
                       std::uint64_t offset, StoredGroup& out);
// The segment that a header says it is of, for a file whose name does not tell; nothing is checked.
std::optional<std::uint64_t> claimed_segment(std::span<const std::byte> bytes);
// Any of what marks a header as the one expected there, whether or not the rest checks out: the
// beginning of a group that did not arrive, or not whole.
bool resembles_group(std::span<const std::byte> bytes, std::uint64_t offset,
                     const GroupHeader& expected);

// The records of a sound group, unpacked into `room` where needed; no bytes when they are not what
// the header says.
std::span<const std::byte> unpack_group(const StoredGroup& group, JournalBytes& room);

// Up to five bytes; returns how many.
std::size_t put_length(std::byte* to, std::uint32_t length);
constexpr std::size_t length_bytes_max = 5;
// Whether `records` is exactly `count` records, none of them empty.
bool holds_records(std::span<const std::byte> records, std::uint32_t count);
// Takes the next record off `records`, which holds_records() has accepted.
std::span<const std::byte> take_record(std::span<const std::byte>& records);

// In a file of their own, so that a fuzzer can put others in their place.
std::uint64_t group_checksum(std::span<const std::byte> header, std::span<const std::byte> body);
bool checksum_holds(std::uint64_t stored, std::span<const std::byte> header,
                    std::span<const std::byte> body);

}  // namespace flyball
