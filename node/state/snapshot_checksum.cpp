// The checksum of a section: XXH3-64 of what is stored, seeded with that of the header before it.

#include "governors/keyed_hash.h"
#include "node/state/snapshot_format.h"

namespace flyball {

namespace {

std::string_view text_of(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

std::uint64_t section_checksum(const SectionHeaderBytes& header,
                               std::span<const std::byte> stored) {
    const auto fields = std::span(header).first<section_header_bytes - sizeof(std::uint64_t)>();
    return keyed_hash(text_of(stored), keyed_hash(text_of(fields), 0));
}

bool section_sum_holds(std::uint64_t expected, std::uint64_t found) {
    return expected == found;
}

}  // namespace flyball
