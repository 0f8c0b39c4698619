#pragma once
// What a broker's TLS alert says of us, with what to look at. An alert is one byte and stands for
// more than its name: OpenSSL's peers send the same for a certificate and for the revocation list
// that they hold it against. Pure; any thread.

#include <optional>
#include <string>

#include "schemas/time.h"

namespace flyball {

// What we have shown the broker, and when that was.
struct ShownCertificate {
    std::string file;             // empty: none
    std::optional<Instant> ends;  // the first end of those in it; nothing: not known
    Instant now;                  // by this machine's clock
};

// `alert`: its number in RFC 8446.
std::string sentence_of_alert(int alert, const ShownCertificate& shown);

}  // namespace flyball
