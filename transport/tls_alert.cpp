#include "transport/tls_alert.h"

#include <fmt/format.h>
#include <openssl/ssl.h>

#include "transport/tls_certificate.h"

namespace flyball {
namespace {

// Also said when the authority or crl.pem has ended, or when the broker's clock is ahead.
std::string sentence_of_expiry(const ShownCertificate& shown, const std::string& refused) {
    if (!shown.ends) {
        return refused + ": it has expired";
    }
    const std::string end = date_and_minute(*shown.ends);
    if (*shown.ends <= shown.now) {
        return fmt::format("{}: it has expired: it ended on {}", refused, end);
    }
    return fmt::format(
        "the broker says our certificate has expired, but {} ends on {}, and this machine's clock "
        "says {}: look at the broker's clock, its copy of the authority and its crl.pem",
        shown.file, end, date_and_minute(shown.now));
}

}  // namespace

std::string sentence_of_alert(int alert, const ShownCertificate& shown) {
    const std::string refused = "the broker refused our certificate, " + shown.file;
    switch (alert) {
        case SSL_AD_CERTIFICATE_EXPIRED: return sentence_of_expiry(shown, refused);
        case SSL_AD_CERTIFICATE_REVOKED: return refused + ": it was revoked";
        case SSL_AD_UNKNOWN_CA:
            return refused +
                   ": it does not know the authority that signed it, or has a crl.pem of another";
        case SSL_AD_BAD_CERTIFICATE:
        case SSL_AD_UNSUPPORTED_CERTIFICATE:
        case SSL_AD_CERTIFICATE_UNKNOWN:
            return refused +
                   ": not yet valid by the broker's clock (as its crl.pem may be), too weak, or "
                   "not for a client";
        case SSL_AD_CERTIFICATE_REQUIRED:
            return "the broker wants a certificate of ours: give a certificate file and its key";
        case SSL_AD_HANDSHAKE_FAILURE:
            return shown.file.empty()
                       ? "the broker refused the handshake; it may want a certificate of ours"
                       : "the broker refused the handshake";
        default:
            return fmt::format("the broker broke the handshake off: {}",
                               SSL_alert_desc_string_long(alert));
    }
}

}  // namespace flyball
