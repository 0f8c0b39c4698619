// What was given and what of it was taken back: PkiFolder of fleet/pki/folder.h. Both are read from
// issued/, which has all that there ever was, not only what stands in its place now.

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <tuple>
#include <utility>

#include "fleet/bus.h"
#include "fleet/pki/certificate_file.h"
#include "fleet/pki/files.h"
#include "fleet/pki/folder.h"

namespace flyball {
namespace {

std::optional<Role> role_of(const Certificate& certificate) {
    const auto* const found = std::ranges::find_if(
        holder_roles, [&](Role role) { return to_text(role) == certificate.unit; });
    return found == holder_roles.end() ? std::nullopt : std::optional(*found);
}

// Of two of one login the one that a broker takes, and the later one.
bool is_better(const Issued& one, const Issued& other) {
    const auto worth = [](const Issued& issued) {
        return std::tuple(!issued.foreign, issued.certificate.not_before,
                          issued.certificate.not_after);
    };
    return worth(one) > worth(other);
}

}  // namespace

Result<std::set<std::string>> PkiFolder::revoked_serials() const {
    const auto pem = read_small_file(revocations_file(), "revocation list");
    const auto list = pem ? read_revocations(*pem) : Result<std::vector<Revoked>>(pem.error());
    if (!list) {
        return list.error();
    }
    std::set<std::string> serials;
    for (const Revoked& one : *list) {
        serials.insert(one.serial);
    }
    return serials;
}

Result<std::vector<Issued>> PkiFolder::given() const {
    const auto revoked = revoked_serials();
    if (!revoked) {
        return revoked.error();
    }
    std::map<std::pair<Role, std::string>, Issued> last;
    for (const std::string& file : files_in(path_ + "/issued", ".crt", false)) {
        auto certificate = read_certificate_file(file);
        if (!certificate) {
            return certificate.error();
        }
        const auto role = role_of(certificate->facts);
        if (!role) {
            continue;
        }
        Issued one = place_of(holder_of(*role, certificate->facts));
        if (!there_is(one.certificate_file)) {
            one.certificate_file = file;
            one.key_file.clear();
        }
        one.revoked = revoked->contains(certificate->facts.serial);
        one.foreign = !is_signed_by(certificate->pem, signer_.certificate);
        one.certificate = std::move(certificate->facts);
        const auto [held, fresh] = last.try_emplace({*role, one.holder.login}, one);
        if (!fresh && is_better(one, held->second)) {
            held->second = std::move(one);
        }
    }
    std::vector<Issued> all;
    for (auto& [login, issued] : last) {
        all.push_back(std::move(issued));
    }
    return all;
}

Result<int> PkiFolder::revoke(const Holder& holder, Instant now) const {
    const auto pem = read_small_file(revocations_file(), "revocation list");
    auto list = pem ? read_revocations(*pem) : Result<std::vector<Revoked>>(pem.error());
    if (!list) {
        return list.error();
    }
    int count = 0;
    for (const std::string& file : files_in(path_ + "/issued", ".crt", false)) {
        const auto certificate = read_certificate_file(file);
        if (!certificate) {
            return certificate.error();
        }
        const Certificate& facts = certificate->facts;
        const bool theirs = facts.common_name == holder.login &&
                            facts.unit == to_text(holder.role) && facts.not_after > now;
        const bool known = std::ranges::any_of(
            *list, [&](const Revoked& one) { return one.serial == facts.serial; });
        if (theirs && !known) {
            list->push_back({facts.serial, now});
            ++count;
        }
    }
    const auto signed_list =
        sign_revocations(*list, signer_, now - backdated, authority_.certificate.not_after);
    if (!signed_list) {
        return signed_list.error();
    }
    if (auto written = write_whole(revocations_file(), *signed_list, mode_public); !written) {
        return written.error();
    }
    return count;
}

}  // namespace flyball
