#include "fleet/pki/folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "fleet/bus.h"
#include "fleet/pki/files.h"

namespace flyball {
namespace {

using std::chrono::days;

std::string folder_of(Role role) {
    switch (role) {
        case Role::authority: return "";
        case Role::broker: return "/brokers/";
        case Role::node: return "/nodes/";
        case Role::app: return "/apps/";
        case Role::operation: return "/operators/";
    }
    return {};
}

constexpr std::array roles{Role::broker, Role::node, Role::app, Role::operation};

Holder holder_of(Role role, const Certificate& certificate) {
    Holder holder{role, certificate.common_name, certificate.addresses};
    for (const std::string& name : certificate.dns_names) {
        if (std::ranges::find(holder.names, name) == holder.names.end()) {
            holder.names.push_back(name);
        }
    }
    return holder;
}

struct CertificateFile {
    std::string pem;
    Certificate facts;
};
Result<CertificateFile> read_one(const std::string& file) {
    auto pem = read_small_file(file, "certificate");
    if (!pem) {
        return pem.error();
    }
    auto all = parse_certificates(*pem, file);
    if (!all) {
        return all.error();
    }
    return CertificateFile{*std::move(pem), std::move(all->front())};
}

std::string key_beside(const std::string& certificate_file) {
    return certificate_file.substr(0, certificate_file.size() - 4) + ".key";
}

}  // namespace

PkiFolder::PkiFolder(PkiFolder&& other) noexcept
    : path_(std::move(other.path_)),
      lock_(std::exchange(other.lock_, -1)),
      signer_(std::move(other.signer_)),
      authority_(std::move(other.authority_)) {}

PkiFolder::~PkiFolder() {
    if (lock_ >= 0) {
        ::close(lock_);
    }
}

Result<PkiFolder> PkiFolder::locked(const std::string& path) {
    const int handle = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (handle < 0) {
        return Error{ErrorCode::unavailable,
                     fmt::format("the folder {}: {}", path, std::strerror(errno))};
    }
    PkiFolder folder(path, handle);
    if (::flock(handle, LOCK_EX | LOCK_NB) != 0) {
        return Error{ErrorCode::unavailable, fmt::format("another process is at work in {}", path)};
    }
    return folder;
}

Result<PkiFolder> PkiFolder::make(const std::string& path, Instant now, int lasting, bool force) {
    if (auto made = make_folder(path); !made) {
        return made.error();
    }
    auto folder = locked(path);
    if (!folder) {
        return folder.error();
    }
    if (there_is(path + "/ca.key") && !force) {
        return Error{ErrorCode::usage,
                     fmt::format("{} has an authority already; --force puts another in its place, "
                                 "and every certificate it gave is worthless then",
                                 path)};
    }
    auto key = make_key();
    if (!key) {
        return key.error();
    }
    folder->signer_.key = *std::move(key);
    constexpr std::size_t digits = 8;  // two fleets' authorities are told apart by people
    if (auto written = folder->write_authority({.common_name = "flyball CA " + random_hex(digits),
                                                .unit = std::string(to_text(Role::authority)),
                                                .usage = Usage::authority,
                                                .names = {},
                                                .not_before = now - backdated,
                                                .not_after = now + days(lasting)});
        !written) {
        return written.error();
    }
    const auto none = sign_revocations({}, folder->signer_, now - backdated, now + days(lasting));
    if (!none) {
        return none.error();
    }
    if (auto written = write_whole(folder->revocations_file(), *none, mode_public); !written) {
        return written.error();
    }
    if (auto loaded = folder->load(); !loaded) {
        return loaded.error();
    }
    return folder;
}

Result<PkiFolder> PkiFolder::open(const std::string& path) {
    if (!there_is(path + "/ca.key")) {
        return Error{ErrorCode::usage,
                     fmt::format("{} has no authority; make one: flyball pki init {}", path, path)};
    }
    auto folder = locked(path);
    if (folder) {
        if (auto loaded = folder->load(); !loaded) {
            return loaded.error();
        }
    }
    return folder;
}

Result<void> PkiFolder::load() {
    authority_.certificate_file = path_ + "/ca.crt";
    authority_.key_file = path_ + "/ca.key";
    auto certificate = read_small_file(authority_.certificate_file, "the authority's certificate");
    auto key = read_small_file(authority_.key_file, "the authority's key");
    if (!certificate || !key) {
        return certificate ? key.error() : certificate.error();
    }
    auto facts = parse_certificates(*certificate, authority_.certificate_file);
    if (!facts) {
        return facts.error();
    }
    authority_.certificate = std::move(facts->front());
    authority_.holder = {Role::authority, authority_.certificate.common_name, {}};
    signer_ = {*std::move(certificate), *std::move(key)};
    return {};
}

Result<void> PkiFolder::write_authority(const CertificateOrder& order) {
    const auto pem = sign_certificate(order, signer_.key, nullptr);
    if (!pem) {
        return pem.error();
    }
    if (auto written = write_whole(path_ + "/ca.key", signer_.key, mode_secret); !written) {
        return written;
    }
    signer_.certificate = *pem;
    return write_whole(path_ + "/ca.crt", *pem, mode_public);
}

Result<void> PkiFolder::renew_authority(Instant now, int lasting) {
    const Certificate old = authority_.certificate;
    if (auto written = write_authority({.common_name = old.common_name,
                                        .unit = old.unit,
                                        .usage = Usage::authority,
                                        .names = {},
                                        .not_before = old.not_before,
                                        .not_after = now + days(lasting)});
        !written) {
        return written;
    }
    if (auto loaded = load(); !loaded) {
        return loaded;
    }
    // The list lasts as long as the authority: renewed with it.
    const auto list = read_small_file(revocations_file(), "revocation list");
    const auto revoked =
        list ? read_revocations(*list) : Result<std::vector<Revoked>>(list.error());
    if (!revoked) {
        return revoked.error();
    }
    const auto signed_list =
        sign_revocations(*revoked, signer_, now - backdated, authority_.certificate.not_after);
    return signed_list ? write_whole(revocations_file(), *signed_list, mode_public)
                       : Result<void>(signed_list.error());
}

Issued PkiFolder::place_of(const Holder& holder) const {
    const std::string stem = path_ + folder_of(holder.role) + holder.login;
    return {holder, {}, stem + ".crt", stem + ".key", false};
}

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

Result<std::vector<Issued>> PkiFolder::list() const {
    const auto revoked = revoked_serials();
    if (!revoked) {
        return revoked.error();
    }
    std::vector<Issued> all;
    for (const Role role : roles) {
        for (const std::string& file :
             files_in(path_ + folder_of(role), ".crt", role == Role::node)) {
            auto certificate = read_one(file);
            if (!certificate) {
                return certificate.error();
            }
            Certificate& facts = certificate->facts;
            Holder holder = holder_of(role, facts);
            const bool taken_back = revoked->contains(facts.serial);
            const bool foreign = !is_signed_by(certificate->pem, signer_.certificate);
            all.push_back(
                {std::move(holder), std::move(facts), file, key_beside(file), taken_back, foreign});
        }
    }
    return all;
}

Result<Issued> PkiFolder::sign(const Holder& holder, std::string_view key, Instant now,
                               int lasting) const {
    Issued issued = place_of(holder);
    const Span early = holder.role == Role::node ? spread_of(holder.login, lasting) : Span(0);
    const Instant end =
        std::min<Instant>(now + days(lasting) - early, authority_.certificate.not_after);
    if (end <= now) {
        return Error{ErrorCode::usage,
                     fmt::format("the authority's own certificate ended on {}; renew it: flyball "
                                 "pki renew {} --ca",
                                 date_and_minute(authority_.certificate.not_after), path_)};
    }
    const auto pem =
        sign_certificate({.common_name = holder.login,
                          .unit = std::string(to_text(holder.role)),
                          .usage = holder.role == Role::broker ? Usage::server : Usage::client,
                          .names = holder.names,
                          .not_before = now - backdated,
                          .not_after = end},
                         key, &signer_);
    if (!pem) {
        return pem.error();
    }
    auto facts = parse_certificates(*pem, issued.certificate_file);
    if (!facts) {
        return facts.error();
    }
    issued.certificate = std::move(facts->front());
    // What was issued is noted before it can be used: only what is known can be taken back.
    const std::string noted = path_ + "/issued";
    if (auto made = make_folder(noted); !made) {
        return made.error();
    }
    for (const std::string& file :
         {fmt::format("{}/{}.crt", noted, issued.certificate.serial), issued.certificate_file}) {
        if (auto written = write_whole(file, *pem, mode_public); !written) {
            return written.error();
        }
    }
    return issued;
}

Result<Issued> PkiFolder::issue_one(const Holder& holder, Instant now, int lasting,
                                    bool force) const {
    const Issued place = place_of(holder);
    const std::string& file = place.key_file;
    if (auto made = make_folder(file.substr(0, file.rfind('/'))); !made) {
        return made.error();
    }
    if (force) {
        // The new key must never stand beside the old certificate as if they belonged together.
        ::unlink(place.certificate_file.c_str());
    }
    const auto key = make_key();
    if (!key) {
        return key.error();
    }
    if (auto written = write_whole(file, *key, mode_secret); !written) {
        return written.error();
    }
    return sign(holder, *key, now, lasting);
}

Result<std::vector<Issued>> PkiFolder::issue(const std::vector<Holder>& holders, Instant now,
                                             int lasting, bool force) const {
    for (const Holder& holder : holders) {
        for (const Role other : roles) {
            // A login has one place in each role: no need to read all that there is.
            if (other != holder.role &&
                there_is(place_of({other, holder.login, {}}).certificate_file)) {
                return Error{ErrorCode::usage,
                             fmt::format("the login {0} is taken: it is that of the {1} {0}",
                                         holder.login, to_text(other))};
            }
        }
        const Issued place = place_of(holder);
        for (const std::string& file : {place.certificate_file, place.key_file}) {
            if (there_is(file) && !force) {
                return Error{ErrorCode::usage,
                             fmt::format("{} is there already: renew keeps its key, --force makes "
                                         "another",
                                         file)};
            }
        }
    }
    std::vector<Issued> issued;
    for (const Holder& holder : holders) {
        auto one = issue_one(holder, now, lasting, force);
        if (!one) {
            return one.error();
        }
        issued.push_back(*std::move(one));
    }
    return issued;
}

Result<Issued> PkiFolder::renew(const Issued& old, Instant now, int lasting, bool new_key) const {
    if (new_key) {
        return issue_one(old.holder, now, lasting, true);
    }
    const auto key = read_small_file(old.key_file, "key");
    return key ? sign(old.holder, *key, now, lasting) : Result<Issued>(key.error());
}

Result<int> PkiFolder::revoke(const Holder& holder, Instant now) const {
    const auto pem = read_small_file(revocations_file(), "revocation list");
    auto list = pem ? read_revocations(*pem) : Result<std::vector<Revoked>>(pem.error());
    if (!list) {
        return list.error();
    }
    int count = 0;
    for (const std::string& file : files_in(path_ + "/issued", ".crt", false)) {
        const auto certificate = read_one(file);
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
