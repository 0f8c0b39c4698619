#include "fleet/pki/signing.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include <array>
#include <utility>

#include "transport/tls_openssl.h"

namespace flyball {
namespace {

using tls::Bio;
using tls::Key;
using tls::memory;
using tls::time_of;
using tls::X509Ptr;

Error failed(std::string_view what) {
    std::array<char, 256> text{};
    ERR_error_string_n(ERR_get_error(), text.data(), text.size());
    ERR_clear_error();
    return {ErrorCode::internal, fmt::format("OpenSSL cannot {}: {}", what, text.data())};
}

std::string text_of(BIO* bio) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio, &data);
    return {data, static_cast<std::size_t>(size)};
}

Result<Key> read_key(std::string_view pem) {
    Key key(PEM_read_bio_PrivateKey(memory(pem).get(), nullptr, nullptr, nullptr));
    if (!key) {
        ERR_clear_error();
        return Error{ErrorCode::damaged, "there is no private key in PEM form, without a password"};
    }
    return key;
}

bool set_serial(X509& certificate) {
    constexpr int bits = 127;
    const tls::BigNumber number(BN_new());
    return BN_rand(number.get(), bits, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) == 1 &&
           BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(&certificate)) != nullptr;
}

bool set_subject(X509& certificate, const CertificateOrder& order) {
    X509_NAME* name = X509_get_subject_name(&certificate);
    const auto add = [name](const char* field, const std::string& text) {
        return X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8,
                                          reinterpret_cast<const unsigned char*>(text.data()),
                                          static_cast<int>(text.size()), -1, 0) == 1;
    };
    return add("O", "flyball") && add("OU", order.unit) && add("CN", order.common_name);
}

bool add_extension(X509& certificate, X509& issuer, int nid, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, &issuer, &certificate, nullptr, nullptr, 0);
    X509V3_set_ctx_nodb(&context);
    X509_EXTENSION* made = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
    const bool added = made != nullptr && X509_add_ext(&certificate, made, -1) == 1;
    X509_EXTENSION_free(made);
    return added;
}

// Paho 1.3.12 holds an address against DNS names only: it stands among them, too.
std::string alternative_names(const std::vector<std::string>& names) {
    std::string list;
    for (const std::string& name : names) {
        list += list.empty() ? "" : ",";
        list += is_ip_address(name) ? fmt::format("IP:{0},DNS:{0}", name) : "DNS:" + name;
    }
    return list;
}

bool add_extensions(X509& certificate, X509& issuer, const CertificateOrder& order) {
    const bool authority = order.usage == Usage::authority;
    bool good =
        add_extension(certificate, issuer, NID_subject_key_identifier, "hash") &&
        add_extension(certificate, issuer, NID_authority_key_identifier, "keyid") &&
        add_extension(certificate, issuer, NID_basic_constraints,
                      authority ? "critical,CA:TRUE,pathlen:0" : "critical,CA:FALSE") &&
        add_extension(certificate, issuer, NID_key_usage,
                      authority ? "critical,keyCertSign,cRLSign" : "critical,digitalSignature");
    if (!authority) {
        good = good && add_extension(certificate, issuer, NID_ext_key_usage,
                                     order.usage == Usage::server ? "serverAuth" : "clientAuth");
    }
    if (!order.names.empty()) {
        good = good && add_extension(certificate, issuer, NID_subject_alt_name,
                                     alternative_names(order.names));
    }
    return good;
}

Result<X509Ptr> read_certificate(std::string_view pem) {
    X509Ptr certificate(PEM_read_bio_X509(memory(pem).get(), nullptr, nullptr, nullptr));
    if (!certificate) {
        ERR_clear_error();
        return Error{ErrorCode::damaged, "there is no certificate in PEM form"};
    }
    return certificate;
}

struct Authority {
    X509Ptr certificate;
    Key key;
};
Result<Authority> read_signer(const Signer& signer) {
    auto certificate = read_certificate(signer.certificate);
    if (!certificate) {
        return certificate.error();
    }
    auto key = read_key(signer.key);
    if (!key) {
        return key.error();
    }
    if (X509_check_private_key(certificate->get(), key->get()) != 1) {
        ERR_clear_error();
        return Error{ErrorCode::damaged, "the authority's key belongs to another certificate"};
    }
    return Authority{*std::move(certificate), *std::move(key)};
}

}  // namespace

bool is_ip_address(const std::string& name) {
    std::array<unsigned char, sizeof(in6_addr)> bytes{};
    return ::inet_pton(AF_INET, name.c_str(), bytes.data()) == 1 ||
           ::inet_pton(AF_INET6, name.c_str(), bytes.data()) == 1;
}

Result<std::string> make_key() {
    const Key key(EVP_EC_gen("P-256"));
    const Bio out(BIO_new(BIO_s_mem()));
    if (!key || PEM_write_bio_PKCS8PrivateKey(out.get(), key.get(), nullptr, nullptr, 0, nullptr,
                                              nullptr) != 1) {
        return failed("make a key");
    }
    return text_of(out.get());
}

Result<std::string> sign_certificate(const CertificateOrder& order, std::string_view key,
                                     const Signer* signer) {
    const auto subject_key = read_key(key);
    if (!subject_key) {
        return subject_key.error();
    }
    Authority authority;
    if (signer != nullptr) {
        auto read = read_signer(*signer);
        if (!read) {
            return read.error();
        }
        authority = *std::move(read);
    }
    const X509Ptr certificate(X509_new());
    X509& made = *certificate;
    X509& issuer = signer == nullptr ? made : *authority.certificate;
    constexpr long version_3 = 2;
    const tls::Time begin = time_of(order.not_before);
    const tls::Time end = time_of(order.not_after);
    if (X509_set_version(&made, version_3) != 1 || !set_serial(made) || !begin || !end ||
        X509_set1_notBefore(&made, begin.get()) != 1 || X509_set1_notAfter(&made, end.get()) != 1 ||
        X509_set_pubkey(&made, subject_key->get()) != 1) {
        return failed("make a certificate");
    }
    if (!set_subject(made, order)) {
        ERR_clear_error();
        return Error{ErrorCode::usage,
                     fmt::format("'{}' is no name for a certificate: 1 to 64 characters of UTF-8",
                                 order.common_name)};
    }
    if (X509_set_issuer_name(&made, X509_get_subject_name(&issuer)) != 1 ||
        !add_extensions(made, issuer, order)) {
        return failed(fmt::format("make a certificate for {}", order.common_name));
    }
    EVP_PKEY* const signing = signer == nullptr ? subject_key->get() : authority.key.get();
    const Bio out(BIO_new(BIO_s_mem()));
    if (X509_sign(&made, signing, EVP_sha256()) == 0 || PEM_write_bio_X509(out.get(), &made) != 1) {
        return failed("sign a certificate");
    }
    return text_of(out.get());
}

bool is_signed_by(std::string_view certificate, std::string_view authority) {
    const auto leaf = read_certificate(certificate);
    const auto root = read_certificate(authority);
    const bool good = leaf && root && X509_verify(leaf->get(), X509_get0_pubkey(root->get())) == 1;
    ERR_clear_error();
    return good;
}

Result<std::string> sign_revocations(const std::vector<Revoked>& revoked, const Signer& signer,
                                     Instant now, Instant next) {
    const auto authority = read_signer(signer);
    if (!authority) {
        return authority.error();
    }
    const tls::CrlPtr list(X509_CRL_new());
    constexpr long version_2 = 1;
    bool good = X509_CRL_set_version(list.get(), version_2) == 1 &&
                X509_CRL_set_issuer_name(
                    list.get(), X509_get_subject_name(authority->certificate.get())) == 1 &&
                X509_CRL_set1_lastUpdate(list.get(), time_of(now).get()) == 1 &&
                X509_CRL_set1_nextUpdate(list.get(), time_of(next).get()) == 1;
    for (const Revoked& one : revoked) {
        const tls::Integer serial = tls::integer_of(one.serial);
        X509_REVOKED* entry = X509_REVOKED_new();
        good = good && X509_REVOKED_set_serialNumber(entry, serial.get()) == 1 &&
               X509_REVOKED_set_revocationDate(entry, time_of(one.at).get()) == 1 &&
               X509_CRL_add0_revoked(list.get(), entry) == 1;
    }
    const Bio out(BIO_new(BIO_s_mem()));
    if (!good || X509_CRL_sort(list.get()) != 1 ||
        X509_CRL_sign(list.get(), authority->key.get(), EVP_sha256()) == 0 ||
        PEM_write_bio_X509_CRL(out.get(), list.get()) != 1) {
        return failed("make a revocation list");
    }
    return text_of(out.get());
}

Result<std::vector<Revoked>> read_revocations(std::string_view pem) {
    const tls::CrlPtr list(PEM_read_bio_X509_CRL(memory(pem).get(), nullptr, nullptr, nullptr));
    if (!list) {
        ERR_clear_error();
        return Error{ErrorCode::damaged, "there is no revocation list in PEM form"};
    }
    std::vector<Revoked> all;
    STACK_OF(X509_REVOKED)* const entries = X509_CRL_get_REVOKED(list.get());
    for (int i = 0; i < sk_X509_REVOKED_num(entries); ++i) {
        const X509_REVOKED* entry = sk_X509_REVOKED_value(entries, i);
        all.push_back({tls::hex_of(X509_REVOKED_get0_serialNumber(entry)),
                       tls::instant_of(X509_REVOKED_get0_revocationDate(entry))});
    }
    return all;
}

}  // namespace flyball
