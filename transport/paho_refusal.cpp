// Why there is no connection, in words that say what to do; and the files that it is made with.

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <chrono>

#include "transport/paho_options.h"
#include "transport/paho_transport.h"
#include "transport/tls_files.h"
#include "transport/tls_probe.h"

namespace flyball {
namespace {

using namespace std::chrono_literals;

// CONNACK of 3.1.1 and of 5: the login is wrong, or none is allowed.
bool refuses_login(int code) {
    constexpr std::array codes{4, 5, 0x86, 0x87};
    return std::ranges::find(codes, code) != codes.end();
}

std::string login_hint(const PahoOptions& options) {
    if (!options.password_file.empty()) {
        return fmt::format(": the broker does not take the login '{}' with the password in {}{}",
                           options.username, options.password_file,
                           credential_hint(options.password_file));
    }
    if (!options.username.empty()) {
        return fmt::format(": the broker does not take the login '{}' without a password",
                           options.username);
    }
    return options.cert_file.empty()
               ? ": the broker wants a login: a user name and a password file, or a certificate"
               : fmt::format(": the broker has no login for the certificate {}", options.cert_file);
}

}  // namespace

std::string PahoTransport::refusal(const mqtt::token* token, std::string_view outcome) {
    const std::string plain = fmt::format("{}: {}", address_.text, outcome);
    const std::string said = events_.take_tls_error();
    const int code = token == nullptr ? 0 : token->get_return_code();
    const int reason = token == nullptr ? 0 : token->get_reason_code();
    if (refuses_login(code) || refuses_login(reason)) {
        return plain + login_hint(options_);
    }
    constexpr int refused = 0x80;
    if (code > 0 || reason >= refused || events_.stopping()) {
        return plain;  // it answered, or nobody wants to know: whatever is wrong, it is not TLS
    }
    if (!address_.tls && failures_ == 1) {
        return plain;  // a broker that starts anew does so too; OpenSSL at work takes 100 kB
    }
    const TlsFinding found = look_at_tls(
        {.host = address_.host,
         .port = address_.port,
         .files = files_of(options_),
         .judges = address_.tls,
         .now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now()),
         .gives_up = [this] { return events_.stopping(); }});
    if (!found.connected && !found.why.empty() && said.empty()) {
        return found.why;  // to Paho, whatever keeps it from a connection is one failure
    }
    if (!address_.tls) {
        return found.speaks_tls
                   ? fmt::format("{}: port {} speaks TLS: mqtts:// or wss://", plain, address_.port)
                   : plain;
    }
    // What Paho's own error says is worth something only when nothing better is known.
    const std::string& why = found.why.empty() ? said : found.why;
    return why.empty() ? plain : fmt::format("{}: {}", plain, why);
}

void PahoTransport::set_certificates(const CertificateEnds& ends) {
    constexpr auto look_again = 1h;
    next_look_ = Clock::now() + look_again;
    const std::lock_guard lock(certificates_mutex_);
    certificates_ = ends;
}

CertificateEnds PahoTransport::certificates() const {
    const std::lock_guard lock(certificates_mutex_);
    return certificates_;
}

// True when the connection has to be made anew. Files that do not fit each other are being replaced
// just now: the connection lasts, and the next look is in an hour.
bool PahoTransport::look_at_files() {
    const bool asked = reread_.exchange(false);
    if (!address_.tls || (!asked && Clock::now() < next_look_)) {
        return false;
    }
    const auto facts = read_tls_files(files_of(options_));
    // By content: another key may come with a certificate that ends on the same second.
    const bool changed = facts && facts->fingerprint != connected_with_;
    set_certificates(facts ? facts->ends : certificates());
    if (changed && asked) {
        events_.lost("its certificate files were replaced", false);
    }
    return changed && asked;
}

}  // namespace flyball
