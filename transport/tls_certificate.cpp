#include "transport/tls_certificate.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>

#include "schemas/expects.h"
#include "transport/tls_openssl.h"

namespace flyball {
namespace {

constexpr std::size_t file_bytes_max = 1024 * 1024;
constexpr std::size_t certificates_max = 4096;

std::string address_text(const ASN1_OCTET_STRING* bytes) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    const int size = ASN1_STRING_length(bytes);
    const int family = size == 4 ? AF_INET : AF_INET6;
    const bool known = size == 4 || size == 16;
    return known && ::inet_ntop(family, ASN1_STRING_get0_data(bytes), text.data(), text.size())
               ? text.data()
               : "";
}

void read_names(X509& from, Certificate& into) {
    const tls::NamesPtr names(static_cast<GENERAL_NAMES*>(
        X509_get_ext_d2i(&from, NID_subject_alt_name, nullptr, nullptr)));
    for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
        const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
        if (name->type == GEN_DNS) {
            into.dns_names.emplace_back(
                reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName)),
                static_cast<std::size_t>(ASN1_STRING_length(name->d.dNSName)));
        } else if (name->type == GEN_IPADD) {
            into.addresses.push_back(address_text(name->d.iPAddress));
        }
    }
}

Certificate facts_of(X509& from) {
    Certificate facts;
    const X509_NAME* subject = X509_get_subject_name(&from);
    facts.common_name = tls::entry_text(subject, NID_commonName);
    facts.unit = tls::entry_text(subject, NID_organizationalUnitName);
    facts.serial = tls::hex_of(X509_get0_serialNumber(&from));
    facts.not_before = tls::instant_of(X509_get0_notBefore(&from));
    facts.not_after = tls::instant_of(X509_get0_notAfter(&from));
    read_names(from, facts);
    return facts;
}

}  // namespace

Result<std::vector<Certificate>> parse_certificates(std::string_view pem, std::string_view what) {
    const tls::Bio bio = tls::memory(pem);
    std::vector<Certificate> all;
    ERR_clear_error();  // what others left behind is no word about this file
    while (all.size() < certificates_max) {
        const tls::X509Ptr one(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
        if (!one) {
            break;
        }
        all.push_back(facts_of(*one));
    }
    const unsigned long error = ERR_peek_last_error();
    const bool at_end = error == 0 || ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
    ERR_clear_error();
    if (all.empty() || !at_end) {
        return Error{ErrorCode::damaged,
                     fmt::format("{} holds {} in PEM form", what,
                                 all.empty() ? "no certificate" : "something that is none")};
    }
    return all;
}

Result<std::string> read_small_file(const std::string& path, std::string_view what) {
    std::ifstream file(path, std::ios::binary);
    std::string content;
    std::array<char, 4096> part;
    while (file && content.size() < file_bytes_max) {
        file.read(part.data(), part.size());
        content.append(part.data(), static_cast<std::size_t>(file.gcount()));
    }
    if (!file.eof()) {
        return Error{ErrorCode::unavailable,
                     fmt::format("{} {}: {}", what, path,
                                 content.empty() ? std::strerror(errno) : "longer than 1 MiB")};
    }
    return content;
}

std::string fingerprint_of(std::string_view bytes) {
    std::array<unsigned char, 32> digest{};
    const int done =
        EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, EVP_sha256(), nullptr);
    expects(done == 1, "SHA-256 is there");
    std::string text;
    for (const unsigned char byte : digest) {
        text += fmt::format("{:02x}", byte);
    }
    return text;
}

std::string date_and_minute(Instant at) {
    using namespace std::chrono;
    const auto midnight = floor<days>(at);
    const year_month_day date(midnight);
    const auto minute = floor<minutes>(at - midnight).count();
    return fmt::format("{:04}-{:02}-{:02} {:02}:{:02} UTC", static_cast<int>(date.year()),
                       static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                       minute / 60, minute % 60);
}

}  // namespace flyball
