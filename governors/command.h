#pragma once
// One op of one request, read and checked: what a type's rules judge. The same flat struct serves
// every type, so that a batch or an admit can hold several without allocation; each type says in
// its own header which members it uses. Views point into the request's payload.

#include <cstdint>
#include <limits>
#include <string_view>

#include "schemas/value.h"

namespace flyball {

struct Op {
    std::string_view name;
    bool admin = false;  // marked A in docs/protocol.md: refused on a request topic
};

struct Command {
    std::uint8_t op = 0;  // index into the type's table of ops
    bool look = false;    // asks only: changes nothing, is not remembered
    bool flag = false;
    bool has_second = false;
    std::string_view name;         // resource, feature, hold, action, plan or tier
    std::int64_t amount = 0;       // hits, amount, value, periods
    std::int64_t second = 0;       // burst, ttl
    const Value* value = nullptr;  // a value or a map as it came: entitlement, compliance
    // Where read() found `name` among what the type has, so that it is looked up once; no part of
    // the content. no_place: not looked up, or not there.
    static constexpr std::uint32_t no_place = std::numeric_limits<std::uint32_t>::max();
    std::uint32_t place = no_place;
};

// Of the content: op, name, amount, second, flags and value (texts by their bytes, maps whatever
// their key order). Two requests with the same id and different fingerprints are `id_reused`. The
// same on every machine, because remembered ids outlive the process.
std::uint32_t fingerprint(const Command& command);

}  // namespace flyball
