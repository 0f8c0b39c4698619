#include "governors/keyed_hash.h"

#include <xxhash.h>

namespace flyball {

std::uint64_t keyed_hash(std::string_view bytes, std::uint64_t seed) {
    return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

}  // namespace flyball
