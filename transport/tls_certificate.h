#pragma once
// What a certificate file says: names and dates, as values; no OpenSSL type leaves this file pair.
// Any thread. Bounded: a file has at most 1 MiB, a reader takes its first 4,096 certificates.

#include <string>
#include <string_view>
#include <vector>

#include "schemas/result.h"
#include "schemas/time.h"

namespace flyball {

struct Certificate {
    std::string common_name;  // UTF-8; empty: none
    std::string unit;         // the subject's OU
    std::string serial;       // lower-case hex
    std::vector<std::string> dns_names;
    std::vector<std::string> addresses;  // IP addresses as text
    Instant not_before;
    Instant not_after;
};

// All certificates of a PEM text, in order. ErrorCode::damaged, naming `what`, when there is none
// or one cannot be read.
Result<std::vector<Certificate>> parse_certificates(std::string_view pem, std::string_view what);

// A whole file, for a sentence that says `what` it was to be. ErrorCode::unavailable when it cannot
// be read or has more than 1 MiB: a bundle of authorities has 250 KiB.
Result<std::string> read_small_file(const std::string& path, std::string_view what);

// SHA-256 of these bytes, 64 digits of lower-case hex.
std::string fingerprint_of(std::string_view bytes);

// "2026-11-22 22:23 UTC"
std::string date_and_minute(Instant at);

}  // namespace flyball
