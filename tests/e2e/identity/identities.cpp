#include "tests/e2e/identity/identities.h"

#include <fmt/format.h>
#include <openssl/pem.h>
#include <sys/stat.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "tests/build_tree.h"
#include "tests/unit/fleet/program.h"

namespace flyball::testing {
namespace {

std::string contents(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

Ran flyball(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), tool_program());
    Program program(arguments);
    const int status = program.wait();
    return {status, program.out(), program.err()};
}

Identities::Identities() {
    std::string pattern = std::filesystem::temp_directory_path() / "flyball-identity-XXXXXX";
    if (::mkdtemp(pattern.data()) == nullptr) {
        throw std::runtime_error("no temporary folder");
    }
    folder_ = pattern;
    pki("init");
    pki("broker", {"localhost", "127.0.0.1"});
}

Identities::~Identities() {
    std::error_code ignored;  // a leftover folder in the temporary directory fails no test
    std::filesystem::remove_all(folder_, ignored);
}

std::string Identities::pki(const std::string& verb, std::vector<std::string> words) const {
    words.insert(words.begin(), {"pki", verb, folder()});
    const Ran ran = flyball(words);
    if (ran.status != 0) {
        throw std::runtime_error(fmt::format("flyball pki {}: {}", verb, ran.err));
    }
    return ran.out;
}

RawClient::Identity Identities::identity(const std::string& stem) const {
    return {path("ca.crt"), path(stem + ".crt"), path(stem + ".key")};
}

std::string Identities::write(const std::string& name, const std::string& text,
                              unsigned mode) const {
    std::ofstream(path(name), std::ios::binary) << text;
    ::chmod(path(name).c_str(), mode);
    return path(name);
}

std::string Identities::listener(const std::string& stem) const {
    return fmt::format("certfile {}\nkeyfile {}\n", path(stem + ".crt"), path(stem + ".key"));
}

std::string Identities::listener_for_certificates(const std::string& stem) const {
    return listener(stem) + fmt::format(
                                "cafile {}\ncrlfile {}\nrequire_certificate true\n"
                                "use_identity_as_username true\n",
                                path("ca.crt"), path("crl.pem"));
}

void Identities::make(const std::string& name, const CertificateOrder& order,
                      const std::string& signer, const std::string& key) const {
    const std::string own = key.empty() ? make_key().value() : key;
    const Signer authority{contents(path(signer + ".crt")), contents(path(signer + ".key"))};
    write(name + ".crt",
          sign_certificate(order, own, signer.empty() ? nullptr : &authority).value());
    write(name + ".key", own);
}

CertificateOrder order_of_broker(Instant now) {
    return {.common_name = "localhost",
            .unit = "broker",
            .usage = Usage::server,
            .names = {"localhost"},
            .not_before = now - std::chrono::days(1),
            .not_after = now + std::chrono::days(1)};
}

CertificateOrder order_of_client(const std::string& login, Instant now) {
    return {.common_name = login,
            .unit = "node",
            .usage = Usage::client,
            .names = {},
            .not_before = now - std::chrono::days(1),
            .not_after = now + std::chrono::days(1)};
}

std::string weak_key() {
    constexpr unsigned bits = 1024;
    const tls::Key key(EVP_RSA_gen(bits));
    const tls::Bio out(BIO_new(BIO_s_mem()));
    PEM_write_bio_PKCS8PrivateKey(out.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    char* text = nullptr;
    const long size = BIO_get_mem_data(out.get(), &text);
    return {text, static_cast<std::size_t>(size)};
}

}  // namespace flyball::testing
