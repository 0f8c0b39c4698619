// The files that a node reads: who else may, and until when certificates are good.

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <ctime>
#include <memory>
#include <optional>
#include <system_error>

#include "fleet/doctor/checks.h"

namespace flyball {
namespace {

constexpr mode_t secret_mode = 0640;  // the most that a password or a key may have
constexpr std::int64_t day_ms = 86'400'000;
constexpr std::int64_t soon_ms = 14 * day_ms;  // the node is degraded from here on

std::string reason(int error) {
    return std::generic_category().message(error);
}

void check_config_file(const std::string& file, Findings& findings) {
    struct stat about {};
    if (file.empty() || ::stat(file.c_str(), &about) != 0) {
        return;
    }
    if ((about.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
        findings.fail(
            "config mode",
            fmt::format("{} has mode {:04o}: others may write it", file, about.st_mode & 07777U),
            fmt::format("chmod 0644 {}", file));
    }
}

void check_secret(const char* check, const std::string& file, Findings& findings) {
    if (file.empty()) {
        return;
    }
    struct stat about {};
    if (::stat(file.c_str(), &about) != 0) {
        const int error = errno;
        if (error == EACCES) {
            findings.warn(check, fmt::format("{}: {}", file, reason(error)), "run it as root");
        } else {
            findings.fail(check, fmt::format("{}: {}", file, reason(error)),
                          "the configuration names a file that is not there");
        }
        return;
    }
    const mode_t mode = about.st_mode & 07777U;
    if ((mode & ~secret_mode) != 0) {
        findings.fail(check, fmt::format("{} has mode {:04o}, 0640 at most", file, mode),
                      fmt::format("chmod 0640 {}", file));
    } else {
        findings.ok(check, fmt::format("{} has mode {:04o}", file, mode));
    }
}

using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;

// The first of a file.
Certificate read_certificate(const std::string& file) {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> stream(std::fopen(file.c_str(), "re"),
                                                                 std::fclose);
    Certificate certificate(
        stream ? PEM_read_X509(stream.get(), nullptr, nullptr, nullptr) : nullptr, X509_free);
    ERR_clear_error();
    return certificate;
}

std::optional<std::int64_t> ms_of(const ASN1_TIME* time) {
    std::tm parts{};
    if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1) {
        return std::nullopt;
    }
    return std::int64_t{::timegm(&parts)} * 1000;
}

void check_dates(const char* check, const std::string& file, Instant now, Findings& findings) {
    if (file.empty()) {
        return;
    }
    if (::access(file.c_str(), R_OK) != 0) {
        findings.warn(check, fmt::format("{}: {}", file, reason(errno)),
                      "is the name right? else run it as root");
        return;
    }
    const Certificate certificate = read_certificate(file);
    const auto begins = certificate ? ms_of(X509_get0_notBefore(certificate.get())) : std::nullopt;
    const auto ends = certificate ? ms_of(X509_get0_notAfter(certificate.get())) : std::nullopt;
    if (!begins || !ends) {
        findings.fail(check, file + " is no certificate in PEM", "openssl x509 -in " + file);
        return;
    }
    const std::string until = date_text(instant_from_ms(*ends));
    const std::int64_t left_ms = *ends - to_ms(now);
    if (to_ms(now) < *begins) {
        findings.fail(
            check,
            fmt::format("{} is not valid before {}", file, date_text(instant_from_ms(*begins))),
            "look at the clock first: it is more often wrong than a certificate");
    } else if (left_ms < 0) {
        findings.fail(check, fmt::format("{} has ended on {}", file, until), "renew it");
    } else if (left_ms < soon_ms) {
        findings.warn(check, fmt::format("{} ends in {}, on {}", file, span_text(left_ms), until),
                      "renew it; the node reads it anew when it connects");
    } else {
        findings.ok(check, fmt::format("{} is good until {}", file, until));
    }
}

}  // namespace

void check_files(const ExaminedDevice& device, Instant now, Findings& findings) {
    check_config_file(device.config_file, findings);
    check_secret("password", device.bus.password_file, findings);
    check_secret("key", device.bus.key_file, findings);
    check_dates("certificate", device.bus.cert_file, now, findings);
    check_dates("authority", device.bus.ca_file, now, findings);
}

}  // namespace flyball
