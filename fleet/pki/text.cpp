#include "fleet/pki/text.h"

#include <fmt/format.h>

namespace flyball {
namespace {

constexpr std::chrono::days soon{30};

Tone tone_of(std::string_view standing) {
    return standing == "valid" ? Tone::good : standing == "ends_soon" ? Tone::warning : Tone::bad;
}

}  // namespace

std::string_view standing_of(const Issued& issued, Instant now) {
    const Certificate& certificate = issued.certificate;
    if (issued.foreign) {
        return "other_ca";  // of which this folder's list of what was revoked knows nothing
    }
    if (issued.revoked) {
        return "revoked";
    }
    if (now > certificate.not_after) {
        return "expired";
    }
    if (now < certificate.not_before) {
        return "not_yet";
    }
    return certificate.not_after - now < soon ? "ends_soon" : "valid";
}

std::string issued_text(const std::vector<Issued>& issued, Instant now, const Style& style) {
    if (issued.empty()) {
        return {};
    }
    Table table({"ROLE", "LOGIN", "STATUS", "ENDS", "CERTIFICATE"});
    for (const Issued& one : issued) {
        const std::string_view standing = standing_of(one, now);
        table.add({std::string(to_text(one.holder.role)), printable(one.holder.login),
                   paint(style, tone_of(standing), standing),
                   date_and_minute(one.certificate.not_after), printable(one.certificate_file)});
    }
    return table.text(style);
}

Json issued_json(const PkiFolder& folder, const std::vector<Issued>& issued, Instant now) {
    Json all = Json::array();
    for (const Issued& one : issued) {
        all.push_back({{"role", to_text(one.holder.role)},
                       {"login", one.holder.login},
                       {"names", one.holder.names},
                       {"status", standing_of(one, now)},
                       {"serial", one.certificate.serial},
                       {"not_before", to_ms(one.certificate.not_before)},
                       {"not_after", to_ms(one.certificate.not_after)},
                       {"certificate_file", one.certificate_file},
                       {"key_file", one.key_file},
                       {"ca_file", folder.authority().certificate_file}});
    }
    return all;
}

}  // namespace flyball
