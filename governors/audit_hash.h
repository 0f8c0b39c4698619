#pragma once
// SHA-256 and salts for the audit chain. A Hasher holds OpenSSL's plain context: its newer
// interface (EVP) allocates anew at each start(), which no decision does. Owned by one governor,
// one thread at a time. OpenSSL refusing to hash is no answer that a check could get: it throws,
// and the supervisor deals with it; where a record is put in place already the process ends. Its
// plain SHA-256 allocates nothing and asks no provider: none of its reasons to refuse is known.

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace flyball {

using Sha256 = std::array<std::byte, 32>;
using Salt = std::array<std::byte, 16>;

// In one step: an array's == takes bytes one by one.
inline bool same_hash(const Sha256& a, const Sha256& b) {
    return std::memcmp(a.data(), b.data(), sizeof(a)) == 0;
}

class Hasher {
public:
    Hasher& start();
    Hasher& add(std::span<const std::byte> bytes);
    Hasher& add(std::string_view text) { return add(std::as_bytes(std::span(text))); }
    Hasher& add(std::uint8_t byte) { return add(std::as_bytes(std::span(&byte, 1))); }
    Sha256 finish();

private:
    // OpenSSL's SHA256_CTX: its headers stay behind audit_hash.cpp.
    alignas(std::uint64_t) std::array<std::byte, 112> context_;
};

// The salts of one governor. Each is the first half of SHA-256(key, 0), after which the key is
// replaced by SHA-256(key, 1): from what is here now no earlier salt can be computed.
class SaltRatchet {
public:
    SaltRatchet(std::span<const std::byte> entropy, std::string_view title, Hasher& hasher);

    const Salt& next() const { return next_; }  // the same until advance()
    void advance(Hasher& hasher);
    // From here on other salts than another ratchet of the same beginning would give.
    void stir(const Sha256& with, Hasher& hasher);

private:
    void draw(Hasher& hasher);

    Sha256 key_;
    Salt next_{};
};

}  // namespace flyball
