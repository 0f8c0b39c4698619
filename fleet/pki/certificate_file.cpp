#include "fleet/pki/certificate_file.h"

#include <algorithm>
#include <utility>

#include "fleet/bus.h"

namespace flyball {

Result<CertificateFile> read_certificate_file(const std::string& path) {
    auto pem = read_small_file(path, "certificate");
    if (!pem) {
        return pem.error();
    }
    auto all = parse_certificates(*pem, path);
    if (!all) {
        return all.error();
    }
    return CertificateFile{*std::move(pem), std::move(all->front())};
}

Holder holder_of(Role role, const Certificate& certificate) {
    Holder holder{role, certificate.common_name, certificate.addresses};
    for (const std::string& name : certificate.dns_names) {
        if (std::ranges::find(holder.names, name) == holder.names.end()) {
            holder.names.push_back(name);
        }
    }
    return holder;
}

}  // namespace flyball
