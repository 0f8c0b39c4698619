// The files that a node reads: who else may, and until when certificates are good.

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <set>
#include <system_error>

#include "fleet/doctor/checks.h"
#include "transport/tls_certificate.h"
#include "transport/tls_files.h"

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

// What systemd hands to the service: not there is how it is when that does not run.
void credential_is_missing(const char* check, const std::string& file, Findings& findings) {
    findings.warn(check, file + " is there only while the service runs",
                  "systemctl status flyball-node; LoadCredential= in its drop-in has to have that "
                  "name: docs/deploy.md");
}

// What the tool reads as root, the service may be kept from. False: it is, and that is said.
bool service_reads(const ExaminedDevice& device, const char* check, const std::string& file,
                   const std::string& advice, Findings& findings) {
    const std::string why = device.is_service ? why_unread(*device.unit, file) : std::string();
    if (!why.empty()) {
        findings.fail(check, why, advice);
    }
    return why.empty();
}

// The configuration as the service's user sees it, each file of it: the tool may be root.
void check_config_access(const ExaminedDevice& device, Findings& findings) {
    const auto is_read = [&](const std::string& path) {
        const auto advice = fmt::format("chmod a+rX {} {}",
                                        std::filesystem::path(path).parent_path().string(), path);
        return service_reads(device, "config access", path, advice, findings);
    };
    if (!device.config_file.empty()) {
        is_read(device.config_file);
    }
    if (device.config_folder.empty() || !is_read(device.config_folder)) {
        return;
    }
    std::set<std::string> files;
    std::error_code unlisted;  // then --print-config has said so
    for (const auto& entry : std::filesystem::directory_iterator(device.config_folder, unlisted)) {
        const std::string name = entry.path().filename().string();
        if (name.ends_with(".toml") && !name.starts_with('.')) {
            files.insert(entry.path().string());
        }
    }
    for (const std::string& file : files) {
        is_read(file);
    }
}

std::string secret_advice(const char* check, const std::string& file) {
    return fmt::format(
        "systemctl edit flyball-node: LoadCredential={0}:{1} below [Service], and mqtt.{0}_file = "
        "\"/run/credentials/{2}/{0}\"; or a group that may read it in SupplementaryGroups=: "
        "docs/deploy.md",
        check, file, unit_name);
}

void check_secret(const ExaminedDevice& device, const char* check, const std::string& file,
                  Findings& findings) {
    if (file.empty()) {
        return;
    }
    struct stat about {};
    if (::stat(file.c_str(), &about) != 0) {
        const int error = errno;
        if (error == EACCES) {
            findings.warn(check, fmt::format("{}: {}", file, reason(error)), "run it as root");
        } else if (is_credential(file)) {
            credential_is_missing(check, file, findings);
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
    } else if (service_reads(device, check, file, secret_advice(check, file), findings)) {
        findings.ok(check, fmt::format("{} has mode {:04o}", file, mode));
    }
}

void check_dates(const char* check, const std::string& file, const Certificate& certificate,
                 Instant now, Findings& findings) {
    const std::string until = date_text(certificate.not_after);
    const std::int64_t left_ms = (certificate.not_after - now).count();
    if (now < certificate.not_before) {
        findings.fail(
            check,
            fmt::format("{} is not valid before {}", file, date_text(certificate.not_before)),
            "look at the clock first: it is more often wrong than a certificate");
    } else if (left_ms < 0) {
        findings.fail(check, fmt::format("{} has ended on {}", file, until), "renew it");
    } else if (left_ms < soon_ms) {
        findings.warn(check, fmt::format("{} ends in {}, on {}", file, span_text(left_ms), until),
                      is_credential(file) ? "renew it, and systemctl restart flyball-node: systemd "
                                            "copies it when the service starts"
                                          : "renew it; the node reads it anew when it connects");
    } else {
        findings.ok(check, fmt::format("{} is good until {}", file, until));
    }
}

// `latest`: of an authorities' file, which has the old one and the new while one is replaced, the
// one that ends last, as the node takes it; else the first.
void check_certificate(const ExaminedDevice& device, const char* check, const std::string& file,
                       bool latest, Instant now, Findings& findings) {
    if (file.empty()) {
        return;
    }
    if (is_credential(file) && ::access(file.c_str(), F_OK) != 0 && errno == ENOENT) {
        credential_is_missing(check, file, findings);
        return;
    }
    service_reads(device, check, file, "install -m 0644 -t /etc/flyball " + file, findings);
    const auto pem = read_small_file(file, check);
    if (!pem) {
        findings.warn(check, pem.error().message, "is the name right? else run it as root");
        return;
    }
    const auto all = parse_certificates(*pem, file);
    if (!all) {
        findings.fail(check, all.error().message, "openssl x509 -in " + file);
        return;
    }
    check_dates(
        check, file,
        latest ? *std::ranges::max_element(*all, {}, &Certificate::not_after) : all->front(), now,
        findings);
}

}  // namespace

void check_files(const ExaminedDevice& device, Instant now, Findings& findings) {
    check_config_file(device.config_file, findings);
    check_config_access(device, findings);
    check_secret(device, "password", device.bus.password_file, findings);
    check_secret(device, "key", device.bus.key_file, findings);
    check_certificate(device, "certificate", device.bus.cert_file, false, now, findings);
    check_certificate(device, "authority", device.bus.ca_file, true, now, findings);
}

}  // namespace flyball
