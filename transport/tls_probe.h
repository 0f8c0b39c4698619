#pragma once
// Why TLS does not come about. Paho says "certificate verify failed" whatever was wrong and nothing
// of a certificate for another host: after a failure this tries once more by itself, sends no MQTT,
// and finds out. Blocks its caller up to `patience`, and while the host's name is resolved. Any
// thread; no OpenSSL type leaves it.

#include <cstdint>
#include <functional>
#include <string>

#include "schemas/time.h"
#include "transport/tls_files.h"

namespace flyball {

struct TlsTarget {
    std::string host;  // IPv6 in brackets, as in a broker's address
    std::uint16_t port = 0;
    TlsFiles files;
    // False: only whether TLS is spoken there; no certificate is looked at, nor any of ours. To
    // read all authorities of a system takes 40 ms and a megabyte.
    bool judges = true;
    Instant now;  // by the machine's clock
    Span patience{3000};
    std::function<bool()> gives_up;  // asked every 100 ms
};

struct TlsFinding {
    bool connected = false;  // somebody listens there
    bool speaks_tls = false;
    std::string why;  // a sentence; empty: nothing was wrong
};

TlsFinding look_at_tls(const TlsTarget& target);

}  // namespace flyball
