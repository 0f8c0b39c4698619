#pragma once
// Keys, certificates and revocation lists as PEM texts; the only place of the tool that signs. EC
// P-256 throughout: small enough for a device, known everywhere. Pure but for the random numbers of
// keys and serials. No OpenSSL type leaves this file pair. Any thread.

#include <string>
#include <string_view>
#include <vector>

#include "schemas/result.h"
#include "schemas/time.h"

namespace flyball {

// What a certificate may be used for.
enum class Usage : std::uint8_t { authority, server, client };

struct CertificateOrder {
    std::string common_name;  // 1 to 64 characters: X.509 allows no more
    std::string unit;         // the subject's OU
    Usage usage = Usage::client;
    std::vector<std::string> names;  // of a server: DNS names and IP addresses
    Instant not_before;
    Instant not_after;
};

// The authority's certificate and key.
struct Signer {
    std::string certificate;
    std::string key;
};

struct Revoked {
    std::string serial;  // hex
    Instant at;
    bool operator==(const Revoked&) const = default;
};

// A new private key, PKCS #8 without a password.
Result<std::string> make_key();
// For the key in `key`; without `signer` it signs itself. With a random serial of 127 bits.
// ErrorCode::usage when the common name is too long, ErrorCode::damaged when a key or certificate
// cannot be read.
Result<std::string> sign_certificate(const CertificateOrder& order, std::string_view key,
                                     const Signer* signer);
// Whether this authority, or one with its key, signed the certificate. Nothing is said of dates. An
// authority whose certificate cannot be read signed none.
bool is_signed_by(std::string_view certificate, std::string_view authority);
// A list that is good up to `next`.
Result<std::string> sign_revocations(const std::vector<Revoked>& revoked, const Signer& signer,
                                     Instant now, Instant next);
Result<std::vector<Revoked>> read_revocations(std::string_view pem);

bool is_ip_address(const std::string& name);

}  // namespace flyball
