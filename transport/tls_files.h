#pragma once
// The files of a connection's identity: who may read them, whether they fit each other, when they
// end. Read anew at each attempt to connect. Link thread; no OpenSSL type leaves this file pair.

#include <string>
#include <string_view>

#include "schemas/result.h"
#include "transport/transport.h"

namespace flyball {

struct TlsFiles {
    std::string ca_file;    // empty: the system's authorities
    std::string cert_file;  // empty: none of our own
    std::string key_file;
};

struct TlsFacts {
    CertificateEnds ends;
    std::string fingerprint;  // of all three files' contents: another one is another identity
};

// A file of a password or key. ErrorCode::refused, saying what would be right, when anybody but its
// owner may change it or somebody outside its group may read it (more than mode 0640).
Result<std::string> read_secret(const std::string& path, std::string_view what);

// A file that systemd hands to a service: a copy made at its start, there while the service runs.
bool is_credential(const std::string& path);
// ", and …" behind a sentence about a file that another content would mend: a credential gets it by
// a restart only. Empty: it is no credential, and a new content is read at the next connection.
std::string credential_hint(const std::string& path);

// ErrorCode::unavailable, ::refused or ::damaged, naming the file: not readable, not PEM, a key
// with a password, of another certificate, or too weak (below RSA 2048, EC P-224).
Result<TlsFacts> read_tls_files(const TlsFiles& files);

}  // namespace flyball
