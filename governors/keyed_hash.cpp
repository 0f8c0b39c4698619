#include "governors/keyed_hash.h"

// The hash itself here, not in its shared library: the library's own dispatch and the calls there
// took half as long as a name's hash.
#define XXH_INLINE_ALL
#include <xxhash.h>

namespace flyball {

std::uint64_t keyed_hash(std::string_view bytes, std::uint64_t seed) {
    return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

}  // namespace flyball
