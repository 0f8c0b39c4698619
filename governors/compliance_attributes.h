#pragma once
// The attributes of one check, sorted by name: rules look them up, the audit hashes them. Views
// into the request's payload. At most 64, no allocation.

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

#include "governors/audit_hash.h"
#include "schemas/byte_buffer.h"
#include "schemas/value.h"

namespace flyball {

inline constexpr std::size_t attributes_max = 64;

class ComplianceAttributes {
public:
    // A map that read() has accepted; null: none.
    explicit ComplianceAttributes(const Value* map);

    const Value* find(std::string_view name) const;
    // SHA-256 of the salt and the map in the form that audit records have. `scratch` is
    // overwritten.
    Sha256 hash(Hasher& hasher, const Salt& salt, ByteBuffer& scratch) const;

private:
    // Names; the value of each is its next sibling.
    std::span<const Value* const> all() const { return {names_.data(), size_}; }

    std::array<const Value*, attributes_max> names_;
    std::size_t size_ = 0;
};

}  // namespace flyball
