#include "governors/audit_hash.h"

#include <openssl/evp.h>

#include <algorithm>
#include <stdexcept>

namespace flyball {

namespace {

constexpr std::uint8_t draw_mark = 0;
constexpr std::uint8_t advance_mark = 1;
constexpr std::uint8_t stir_mark = 2;

void check(bool done) {
    if (!done) {
        throw std::runtime_error("OpenSSL does not compute SHA-256");
    }
}

}  // namespace

void Hasher::Free::operator()(evp_md_ctx_st* context) const {
    EVP_MD_CTX_free(context);
}

Hasher::Hasher() : context_(EVP_MD_CTX_new()) {
    check(context_ != nullptr && EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) == 1);
}

// No algorithm named: the context keeps the one it has, which spares the look for it.
Hasher& Hasher::start() {
    check(EVP_DigestInit_ex(context_.get(), nullptr, nullptr) == 1);
    return *this;
}

Hasher& Hasher::add(std::span<const std::byte> bytes) {
    check(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1);
    return *this;
}

Sha256 Hasher::finish() {
    Sha256 hash{};
    check(EVP_DigestFinal_ex(context_.get(), reinterpret_cast<unsigned char*>(hash.data()),
                             nullptr) == 1);
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
