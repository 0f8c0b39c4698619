// The checksum of a group: XXH3-64 of the stored body, seeded with that of the header before it.
// Two calls instead of one over both: the library keeps the state of a stream on the heap.

#include "governors/keyed_hash.h"
#include "node/state/journal_format.h"

namespace flyball {

namespace {

std::string_view text_of(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

std::uint64_t group_checksum(std::span<const std::byte> header, std::span<const std::byte> body) {
    const std::uint64_t sum = keyed_hash(text_of(body), keyed_hash(text_of(header), 0));
    // 0 says that there is no group before.
    return sum == 0 ? 1 : sum;
}

bool checksum_holds(std::uint64_t stored, std::span<const std::byte> header,
                    std::span<const std::byte> body) {
    return stored == group_checksum(header, body);
}

}  // namespace flyball
