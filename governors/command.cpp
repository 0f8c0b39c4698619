#include "governors/command.h"

#include <array>

#include "governors/keyed_hash.h"
#include "schemas/byte_order.h"

namespace flyball {

namespace {

// Stored with remembered ids: changing anything here makes every retry across an upgrade
// `id_reused`.
constexpr std::uint64_t content_seed = 0x666c7962616c6c31;

template <std::size_t n>
std::uint64_t hash_words(const std::array<std::uint64_t, n>& words) {
    std::array<char, n * 8> bytes;
    for (std::size_t at = 0; at < n; ++at) {
        store_little_endian(&bytes[at * 8], words[at]);
    }
    return keyed_hash({bytes.data(), bytes.size()}, content_seed);
}

std::uint64_t hash_value(const Value& value);

std::uint64_t hash_children(const Value& value) {
    std::uint64_t sum = 0;
    const Value* child = value.first_child();
    for (std::uint32_t at = 0; at < value.count; ++at) {
        if (value.is(Kind::map)) {
            const Value* mapped = child->next_sibling();
            // A sum, so that the order of keys does not matter.
            sum += hash_words<2>({hash_value(*child), hash_value(*mapped)});
            child = mapped->next_sibling();
        } else {
            sum = hash_words<2>({sum, hash_value(*child)});
            child = child->next_sibling();
        }
    }
    return sum;
}

// Nesting is bounded by the decoder (Limits::nesting), and with it the recursion.
std::uint64_t hash_value(const Value& value) {
    const auto kind = static_cast<std::uint64_t>(value.kind);
    switch (value.kind) {
        case Kind::boolean: return hash_words<2>({kind, value.boolean ? 1U : 0U});
        case Kind::integer: return hash_words<2>({kind, static_cast<std::uint64_t>(value.integer)});
        case Kind::unsigned_integer: return hash_words<2>({kind, value.unsigned_integer});
        case Kind::text:
        case Kind::binary:
        case Kind::extension: return hash_words<2>({kind, keyed_hash(value.text(), content_seed)});
        case Kind::array:
        case Kind::map: return hash_words<3>({kind, value.count, hash_children(value)});
        case Kind::null:
        case Kind::real: break;  // no op takes one: its presence is all there is to compare
    }
    return hash_words<1>({kind});
}

}  // namespace

std::uint32_t fingerprint(const Command& command) {
    const std::uint64_t flags = command.op | (command.flag ? 1U << 8 : 0U) |
                                (command.has_second ? 1U << 9 : 0U) |
                                (command.value != nullptr ? 1U << 10 : 0U);
    const std::uint64_t hash = hash_words<5>(
        {flags, keyed_hash(command.name, content_seed), static_cast<std::uint64_t>(command.amount),
         static_cast<std::uint64_t>(command.second),
         command.value != nullptr ? hash_value(*command.value) : 0});
    return static_cast<std::uint32_t>(hash ^ hash >> 32);
}

}  // namespace flyball
