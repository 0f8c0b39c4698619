#include "node/policy_rev.h"

#include <openssl/evp.h>

#include <array>

#include "schemas/expects.h"

namespace flyball {

std::string sha256_hex(std::string_view bytes, std::size_t digits) {
    std::array<unsigned char, 32> digest{};
    const int done =
        EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, EVP_sha256(), nullptr);
    expects(done == 1 && digits <= 2 * digest.size(), "SHA-256 is there and has 64 digits");
    constexpr std::string_view hex = "0123456789abcdef";
    std::string text;
    for (const unsigned char byte : digest) {
        text += hex[byte >> 4U];
        text += hex[byte & 0xfU];
    }
    text.resize(digits);
    return text;
}

std::string policy_rev(const Tree& configuration) {
    std::string json;
    configuration.append_canonical_json(json);
    return sha256_hex(json, 12);
}

}  // namespace flyball
