#include "transport/tls_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>

#include "transport/tls_certificate.h"
#include "transport/tls_openssl.h"

namespace flyball {
namespace {

constexpr unsigned secret_mode_max = 0640;
constexpr unsigned permission_bits = 07777;
constexpr int security_bits_min = 112;  // NIST SP 800-57: RSA 2048, EC P-224; OpenSSL's level 2

// Without it OpenSSL asks on the terminal.
int no_password(char*, int, int, void*) {
    return -1;
}

Result<tls::Key> parse_key(const std::string& pem, const std::string& path) {
    ERR_clear_error();
    tls::Key key(PEM_read_bio_PrivateKey(tls::memory(pem).get(), nullptr, no_password, nullptr));
    ERR_clear_error();
    if (!key) {
        const bool locked = pem.find("ENCRYPTED") != std::string::npos;
        return Error{ErrorCode::damaged,
                     fmt::format("key file {}: {}", path,
                                 locked ? "is locked by a password, which nobody could give here"
                                        : "holds no private key in PEM form")};
    }
    return key;
}

// Our own certificate, its end, and whether the key is its key. `contents`: what both hold.
Result<Instant> read_identity(const TlsFiles& files, std::string& contents) {
    const auto pem = read_small_file(files.cert_file, "certificate file");
    if (!pem) {
        return pem.error();
    }
    const auto facts = parse_certificates(*pem, "certificate file " + files.cert_file);
    if (!facts) {
        return facts.error();
    }
    const auto secret = read_secret(files.key_file, "key file");
    const auto key = secret ? parse_key(*secret, files.key_file) : Result<tls::Key>(secret.error());
    if (!key) {
        return key.error();
    }
    contents += *pem + *secret;
    const tls::X509Ptr certificate(
        PEM_read_bio_X509(tls::memory(*pem).get(), nullptr, nullptr, nullptr));
    const bool fits = X509_check_private_key(certificate.get(), key->get()) == 1;
    ERR_clear_error();
    if (!fits) {
        return Error{ErrorCode::damaged,
                     fmt::format("key file {} belongs to another certificate than that in {}{}",
                                 files.key_file, files.cert_file,
                                 credential_hint(is_credential(files.key_file) ? files.key_file
                                                                               : files.cert_file))};
    }
    if (EVP_PKEY_get_security_bits(key->get()) < security_bits_min) {
        return Error{ErrorCode::refused,
                     fmt::format("the key in {} is too weak: {} bits; RSA has to have 2048, EC 224 "
                                 "at least",
                                 files.key_file, EVP_PKEY_get_bits(key->get()))};
    }
    return facts->front().not_after;
}

}  // namespace

bool is_credential(const std::string& path) {
    const char* const folder = std::getenv("CREDENTIALS_DIRECTORY");  // nobody changes it
    const bool own =
        folder != nullptr && *folder != '\0' && path.starts_with(std::string(folder) + "/");
    return own || path.starts_with("/run/credentials/");
}

std::string credential_hint(const std::string& path) {
    return is_credential(path)
               ? fmt::format(
                     ", and {} is a copy that systemd made when the service started: "
                     "systemctl restart flyball-node takes the new one",
                     path)
               : std::string();
}

Result<std::string> read_secret(const std::string& path, std::string_view what) {
    struct stat facts {};
    if (::stat(path.c_str(), &facts) == 0 &&
        (facts.st_mode & permission_bits & ~secret_mode_max) != 0) {
        return Error{ErrorCode::refused,
                     fmt::format("{0} {1}: its mode is {2:04o}; at most 0640 is taken, so that "
                                 "nobody else can read or change it: chmod 0640 {1}",
                                 what, path, facts.st_mode & permission_bits)};
    }
    return read_small_file(path, what);
}

Result<TlsFacts> read_tls_files(const TlsFiles& files) {
    TlsFacts facts;
    std::string contents;
    if (!files.ca_file.empty()) {
        const auto pem = read_small_file(files.ca_file, "CA file");
        if (!pem) {
            return pem.error();
        }
        const auto all = parse_certificates(*pem, "CA file " + files.ca_file);
        if (!all) {
            return all.error();
        }
        // The latest: while an authority is replaced the file holds the old one and the new.
        facts.ends.ca_not_after =
            std::ranges::max_element(*all, {}, &Certificate::not_after)->not_after;
        contents += *pem;
    }
    if (!files.cert_file.empty()) {
        const auto end = read_identity(files, contents);
        if (!end) {
            return end.error();
        }
        facts.ends.not_after = *end;
    }
    facts.fingerprint = fingerprint_of(contents);
    return facts;
}

}  // namespace flyball
