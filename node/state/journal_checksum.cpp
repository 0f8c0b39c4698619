// The checksum of a group: XXH3-64 of the header up to the checksum, and of the stored body.

#include <xxhash.h>

#include "node/state/journal_format.h"

namespace flyball {

std::uint64_t group_checksum(std::span<const std::byte> header, std::span<const std::byte> body) {
    XXH3_state_t state;
    XXH3_INITSTATE(&state);
    XXH3_64bits_reset(&state);
    XXH3_64bits_update(&state, header.data(), header.size());
    XXH3_64bits_update(&state, body.data(), body.size());
    const std::uint64_t sum = XXH3_64bits_digest(&state);
    // 0 says that there is no group before.
    return sum == 0 ? 1 : sum;
}

bool checksum_holds(std::uint64_t stored, std::span<const std::byte> header,
                    std::span<const std::byte> body) {
    return stored == group_checksum(header, body);
}

}  // namespace flyball
