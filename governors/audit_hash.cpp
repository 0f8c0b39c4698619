#include "governors/audit_hash.h"

// Plain SHA-256 is called deprecated since 3.0 in favour of an interface that allocates; it is
// there in all of OpenSSL 3.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

#include <algorithm>
#include <new>
#include <stdexcept>

namespace flyball {

namespace {

constexpr std::uint8_t draw_mark = 0;
constexpr std::uint8_t advance_mark = 1;
constexpr std::uint8_t stir_mark = 2;

void check(int done) {
    if (done != 1) {
        throw std::runtime_error("OpenSSL does not compute SHA-256");
    }
}

SHA256_CTX* context_in(std::array<std::byte, sizeof(SHA256_CTX)>& place) {
    static_assert(alignof(SHA256_CTX) <= alignof(std::uint64_t));
    return std::launder(reinterpret_cast<SHA256_CTX*>(place.data()));
}

}  // namespace

Hasher& Hasher::start() {
    check(SHA256_Init(new (context_.data()) SHA256_CTX));
    return *this;
}

Hasher& Hasher::add(std::span<const std::byte> bytes) {
    check(SHA256_Update(context_in(context_), bytes.data(), bytes.size()));
    return *this;
}

Sha256 Hasher::finish() {
    Sha256 hash{};
    check(SHA256_Final(reinterpret_cast<unsigned char*>(hash.data()), context_in(context_)));
    return hash;
}

SaltRatchet::SaltRatchet(std::span<const std::byte> entropy, std::string_view title, Hasher& hasher)
    : key_(hasher.start().add(entropy).add(title).finish()) {
    draw(hasher);
}

void SaltRatchet::draw(Hasher& hasher) {
    const Sha256 drawn = hasher.start().add(key_).add(draw_mark).finish();
    std::copy(drawn.begin(), drawn.begin() + next_.size(), next_.begin());
}

void SaltRatchet::advance(Hasher& hasher) {
    key_ = hasher.start().add(key_).add(advance_mark).finish();
    draw(hasher);
}

void SaltRatchet::stir(const Sha256& with, Hasher& hasher) {
    key_ = hasher.start().add(key_).add(stir_mark).add(with).finish();
    draw(hasher);
}

}  // namespace flyball
