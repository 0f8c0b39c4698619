#pragma once
// A folder of flyball pki for a test, made by the tool, and certificates that no sane authority
// would give: ended, not begun, of another authority, by a weak key. One thread.

#include <filesystem>
#include <string>
#include <vector>

#include "fleet/pki/signing.h"
#include "tests/e2e/raw_client.h"

namespace flyball::testing {

struct Ran {
    int status;
    std::string out;
    std::string err;
};
// The tool with these arguments.
Ran flyball(std::vector<std::string> arguments);

class Identities {
public:
    // An authority, and a broker's certificate for localhost and 127.0.0.1.
    Identities();
    ~Identities();
    Identities(const Identities&) = delete;
    Identities& operator=(const Identities&) = delete;

    // flyball pki VERB FOLDER WORDS...; throws when it fails.
    std::string pki(const std::string& verb, std::vector<std::string> words = {}) const;
    std::string folder() const { return folder_ / "pki"; }
    std::string path(const std::string& name) const { return folder_ / "pki" / name; }
    // With the files of "nodes/eu/n1".
    RawClient::Identity identity(const std::string& stem) const;
    std::string write(const std::string& name, const std::string& text, unsigned mode = 0600) const;

    // Lines of a Mosquitto listener with the broker's certificate.
    std::string listener(const std::string& stem = "brokers/localhost") const;
    // ... that takes clients' certificates, and their names for the login.
    std::string listener_for_certificates(const std::string& stem = "brokers/localhost") const;

    // Writes NAME.crt and NAME.key. `signer`: a stem like "ca"; empty: it signs itself.
    void make(const std::string& name, const CertificateOrder& order, const std::string& signer,
              const std::string& key = {}) const;

private:
    std::filesystem::path folder_;
};

// "/CN=localhost", for localhost, from a day ago to in a day, by now.
CertificateOrder order_of_broker(Instant now);
CertificateOrder order_of_client(const std::string& login, Instant now);
std::string weak_key();  // RSA of 1,024 bits

}  // namespace flyball::testing
