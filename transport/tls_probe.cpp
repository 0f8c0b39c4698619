#include "transport/tls_probe.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "transport/tcp_reach.h"
#include "transport/tls_alert.h"
#include "transport/tls_certificate.h"
#include "transport/tls_openssl.h"

namespace flyball {
namespace {

using SteadyClock = std::chrono::steady_clock;
using Deadline = SteadyClock::time_point;

class Socket {
public:
    explicit Socket(int handle) : handle_(handle) {}
    ~Socket() {
        if (handle_ >= 0) {
            ::close(handle_);
        }
    }
    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;
    int handle() const { return handle_; }

private:
    int handle_;
};

// What the check of the broker's chain found wrong first.
struct Verdict {
    int error = X509_V_OK;
    int depth = 0;
    std::string name;
    std::string issuer;
    Instant not_before;
    Instant not_after;
};

int note_verdict(int good, X509_STORE_CTX* store) {
    auto* const session =
        static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
    auto* const verdict = static_cast<Verdict*>(SSL_get_app_data(session));
    if (good == 1 || verdict->error != X509_V_OK) {
        return good;
    }
    verdict->error = X509_STORE_CTX_get_error(store);
    verdict->depth = X509_STORE_CTX_get_error_depth(store);
    if (const X509* certificate = X509_STORE_CTX_get_current_cert(store); certificate != nullptr) {
        verdict->name = tls::entry_text(X509_get_subject_name(certificate), NID_commonName);
        verdict->issuer = tls::entry_text(X509_get_issuer_name(certificate), NID_commonName);
        verdict->not_before = tls::instant_of(X509_get0_notBefore(certificate));
        verdict->not_after = tls::instant_of(X509_get0_notAfter(certificate));
    }
    return 0;
}

std::string authorities_of(const TlsFiles& files) {
    return files.ca_file.empty() ? std::string("the system's certificates") : files.ca_file;
}

std::string sentence_of(const Verdict& verdict, const TlsTarget& target) {
    const std::string whose =
        verdict.depth == 0 ? fmt::format("the broker's certificate ({})", verdict.name)
                           : fmt::format("the certificate of an authority ({})", verdict.name);
    const std::string clock =
        fmt::format("this machine's clock says {}", date_and_minute(target.now));
    switch (verdict.error) {
        case X509_V_ERR_CERT_HAS_EXPIRED:
            return fmt::format("{} expired on {}; {}", whose, date_and_minute(verdict.not_after),
                               clock);
        case X509_V_ERR_CERT_NOT_YET_VALID:
            return fmt::format(
                "{} is not yet valid: it begins on {}, and {}: a clock that was "
                "never set looks like this",
                whose, date_and_minute(verdict.not_before), clock);
        case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
            return fmt::format("{} is self-signed, and not among {}", whose,
                               authorities_of(target.files));
        case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
        case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        case X509_V_ERR_CERT_SIGNATURE_FAILURE:
            return fmt::format("{} is signed by an authority ({}) that is not among {}", whose,
                               verdict.issuer, authorities_of(target.files));
        case X509_V_ERR_EE_KEY_TOO_SMALL:
        case X509_V_ERR_CA_KEY_TOO_SMALL:
        case X509_V_ERR_CA_MD_TOO_WEAK:
            return fmt::format("{} is too weak: {}", whose,
                               X509_verify_cert_error_string(verdict.error));
        case X509_V_ERR_INVALID_PURPOSE: return fmt::format("{} is not for a server", whose);
        default:
            return fmt::format("{} is refused: {}", whose,
                               X509_verify_cert_error_string(verdict.error));
    }
}

// The broker looks at all that the file has: authorities behind our certificate, too.
ShownCertificate shown_to_broker(const TlsTarget& target) {
    ShownCertificate shown{.file = target.files.cert_file, .ends = {}, .now = target.now};
    const auto pem = read_small_file(shown.file, "certificate file");
    const auto all =
        pem ? parse_certificates(*pem, shown.file) : Result<std::vector<Certificate>>(pem.error());
    if (all) {
        shown.ends = std::ranges::min_element(*all, {}, &Certificate::not_after)->not_after;
    }
    return shown;
}

class Probe {
public:
    explicit Probe(const TlsTarget& target) : target_(target) {}
    TlsFinding look();

private:
    bool wait(int handle, short events, std::optional<Deadline> until = {});
    bool take_files();
    bool begin(int handle);
    bool shake_hands(int handle);
    std::string reason_of_failure();
    std::string other_name() const;
    std::string late_alert(int handle);

    const TlsTarget& target_;
    std::optional<Deadline> deadline_;  // since the first wait: a slow DNS server is no late broker
    tls::Context context_;
    tls::Session session_;
    Verdict verdict_;
    bool heard_ = false;  // any byte of TLS
    bool late_ = false;   // it said nothing in time
};

bool Probe::wait(int handle, short events, std::optional<Deadline> until) {
    using std::chrono::milliseconds;
    constexpr milliseconds slice{100};
    deadline_ = deadline_.value_or(SteadyClock::now() + target_.patience);
    const Deadline last = std::min(until.value_or(*deadline_), *deadline_);
    while (SteadyClock::now() < last && !(target_.gives_up && target_.gives_up())) {
        pollfd ready{handle, events, 0};
        if (::poll(&ready, 1, static_cast<int>(slice.count())) > 0) {
            return true;
        }
    }
    return false;
}

bool Probe::take_files() {
    const TlsFiles& files = target_.files;
    SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, note_verdict);
    const bool trusts =
        files.ca_file.empty()
            ? SSL_CTX_set_default_verify_paths(context_.get()) == 1
            : SSL_CTX_load_verify_locations(context_.get(), files.ca_file.c_str(), nullptr) == 1;
    const bool shows =
        files.cert_file.empty() ||
        (SSL_CTX_use_certificate_chain_file(context_.get(), files.cert_file.c_str()) == 1 &&
         SSL_CTX_use_PrivateKey_file(context_.get(), files.key_file.c_str(), SSL_FILETYPE_PEM) ==
             1);
    return trusts && shows;
}

bool Probe::begin(int handle) {
    context_.reset(SSL_CTX_new(TLS_client_method()));
    SSL_CTX_set_min_proto_version(context_.get(), TLS1_2_VERSION);
    const bool ready = !target_.judges || take_files();
    session_.reset(SSL_new(context_.get()));
    SSL_set_app_data(session_.get(), &verdict_);
    std::string name = bare_host(target_.host);
    // What the macro SSL_set_tlsext_host_name does, with a cast of its own.
    const bool named = SSL_ctrl(session_.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME,
                                TLSEXT_NAMETYPE_host_name, name.data()) == 1;
    return ready && named && SSL_set_fd(session_.get(), handle) == 1;
}

bool Probe::shake_hands(int handle) {
    while (true) {
        ERR_clear_error();
        const int result = SSL_connect(session_.get());
        heard_ = heard_ || SSL_get_state(session_.get()) != TLS_ST_CW_CLNT_HELLO;
        if (result == 1) {
            return true;
        }
        const int wants = SSL_get_error(session_.get(), result);
        const bool goes_on = wants == SSL_ERROR_WANT_READ || wants == SSL_ERROR_WANT_WRITE;
        const short events = wants == SSL_ERROR_WANT_WRITE ? POLLOUT : POLLIN;
        late_ = goes_on && !wait(handle, events);
        if (!goes_on || late_) {
            return false;
        }
    }
}

// The alert that OpenSSL's error queue holds, 0: none.
int alert_of(unsigned long error) {
    const int reason = ERR_GET_REASON(error);
    return ERR_GET_LIB(error) == ERR_LIB_SSL && reason > SSL_AD_REASON_OFFSET
               ? reason - SSL_AD_REASON_OFFSET
               : 0;
}

std::string Probe::reason_of_failure() {
    const unsigned long error = ERR_peek_error();
    if (late_) {
        return "the handshake was not answered in time";
    }
    if (verdict_.error != X509_V_OK) {
        return sentence_of(verdict_, target_);
    }
    if (const int alert = alert_of(error); alert != 0) {
        heard_ = true;
        return sentence_of_alert(alert, shown_to_broker(target_));
    }
    const bool plain = ERR_GET_LIB(error) == ERR_LIB_SSL &&
                       (ERR_GET_REASON(error) == SSL_R_WRONG_VERSION_NUMBER ||
                        ERR_GET_REASON(error) == SSL_R_UNEXPECTED_EOF_WHILE_READING);
    if (!heard_ || plain) {
        heard_ = false;
        return fmt::format("what listens on port {} does not speak TLS", target_.port);
    }
    return fmt::format("the handshake failed: {}",
                       error == 0 ? "the connection was closed" : ERR_reason_error_string(error));
}

// As Paho looks at it: an address, too, has to stand among the DNS names.
std::string Probe::other_name() const {
    const tls::X509Ptr certificate(SSL_get1_peer_certificate(session_.get()));
    const std::string name = bare_host(target_.host);
    if (!certificate ||
        X509_check_host(certificate.get(), name.data(), name.size(), 0, nullptr) == 1) {
        return {};
    }
    const tls::Bio pem(BIO_new(BIO_s_mem()));
    PEM_write_bio_X509(pem.get(), certificate.get());
    char* text = nullptr;
    const long size = BIO_get_mem_data(pem.get(), &text);
    const auto facts =
        parse_certificates({text, static_cast<std::size_t>(size)}, "the broker's certificate");
    std::vector<std::string> names = facts ? facts->front().dns_names : std::vector<std::string>();
    if (names.empty() && facts) {
        names.push_back(facts->front().common_name);
    }
    return fmt::format("the broker's certificate is for {}, not for {}", fmt::join(names, ", "),
                       target_.host);
}

// With TLS 1.3 the broker looks at our certificate when we are through already.
std::string Probe::late_alert(int handle) {
    constexpr std::chrono::milliseconds patience{500};
    char byte = 0;
    const Deadline until = SteadyClock::now() + patience;
    while (true) {
        ERR_clear_error();
        const int result = SSL_read(session_.get(), &byte, 1);
        if (result > 0 || SSL_get_error(session_.get(), result) != SSL_ERROR_WANT_READ) {
            const int alert = alert_of(ERR_peek_error());
            return alert == 0 ? std::string() : sentence_of_alert(alert, shown_to_broker(target_));
        }
        if (!wait(handle, POLLIN, until)) {
            return {};
        }
    }
}

TlsFinding Probe::look() {
    Reached reached = reach(target_.host, target_.port,
                            [this](int handle, short events) { return wait(handle, events); });
    const Socket socket(reached.handle);
    if (socket.handle() < 0) {
        return {false, false, std::move(reached.why)};
    }
    TlsFinding finding{.connected = true, .speaks_tls = false, .why = {}};
    ERR_clear_error();
    if (!begin(socket.handle())) {
        const char* const reason = ERR_reason_error_string(ERR_peek_error());
        finding.why = fmt::format("OpenSSL does not take our files: {}",
                                  reason == nullptr ? "no reason given" : reason);
    } else if (!shake_hands(socket.handle())) {
        finding.why = reason_of_failure();
        finding.speaks_tls = heard_;
    } else {
        finding.speaks_tls = true;
        if (target_.judges) {
            finding.why = other_name();
        }
        if (target_.judges && finding.why.empty()) {
            finding.why = late_alert(socket.handle());
        }
    }
    ERR_clear_error();
    return finding;
}

}  // namespace

TlsFinding look_at_tls(const TlsTarget& target) {
    return Probe(target).look();
}

}  // namespace flyball
