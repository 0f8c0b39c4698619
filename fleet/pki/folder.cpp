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
#include "fleet/pki/certificate_file.h"
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

Result<std::vector<Issued>> PkiFolder::list() const {
    const auto revoked = revoked_serials();
    if (!revoked) {
        return revoked.error();
    }
    std::vector<Issued> all;
    for (const Role role : holder_roles) {
        for (const std::string& file :
             files_in(path_ + folder_of(role), ".crt", role == Role::node)) {
            auto certificate = read_certificate_file(file);
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

Result<PkiFolder::Made> PkiFolder::sign(const Holder& holder, std::string_view key, Instant now,
                                        int lasting) const {
    Made made{place_of(holder), {}};
    const Span early = holder.role == Role::node ? spread_of(holder.login, lasting) : Span(0);
    const Instant end =
        std::min<Instant>(now + days(lasting) - early, authority_.certificate.not_after);
    if (end <= now) {
        return Error{ErrorCode::usage,
                     fmt::format("the authority's own certificate ended on {}; renew it: flyball "
                                 "pki renew {} --ca",
                                 date_and_minute(authority_.certificate.not_after), path_)};
    }
    auto pem =
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
    auto facts = parse_certificates(*pem, made.issued.certificate_file);
    if (!facts) {
        return facts.error();
    }
    made.issued.certificate = std::move(facts->front());
    made.pem = *std::move(pem);
    return made;
}

// What was issued is noted before it can be used: only what is known can be taken back.
Result<void> PkiFolder::note(const Made& made) const {
    const std::string noted = path_ + "/issued";
    if (auto folder = make_folder(noted); !folder) {
        return folder;
    }
    return write_whole(fmt::format("{}/{}.crt", noted, made.issued.certificate.serial), made.pem,
                       mode_public);
}

Result<Issued> PkiFolder::issue_one(const Holder& holder, Instant now, int lasting) const {
    // Both are made before either is written: those that are there work until then.
    const auto key = make_key();
    if (!key) {
        return key.error();
    }
    auto made = sign(holder, *key, now, lasting);
    if (!made) {
        return made.error();
    }
    Issued& issued = made->issued;
    const std::string& file = issued.key_file;
    if (auto folder = make_folder(file.substr(0, file.rfind('/'))); !folder) {
        return folder.error();
    }
    if (auto noted = note(*made); !noted) {
        return noted.error();
    }
    if (auto written = write_pair({file, *key, mode_secret},
                                  {issued.certificate_file, made->pem, mode_public});
        !written) {
        return written.error();
    }
    return std::move(issued);
}

Result<void> PkiFolder::is_free(const Holder& holder) const {
    const Issued place = place_of(holder);
    if (there_is(place.certificate_file)) {
        return Error{ErrorCode::usage,
                     fmt::format("{} is there already: renew keeps its key, --force makes another",
                                 place.certificate_file)};
    }
    if (there_is(place.key_file)) {
        return Error{ErrorCode::usage,
                     fmt::format("{} is there already, without a certificate: --force puts another "
                                 "key and a certificate there",
                                 place.key_file)};
    }
    return {};
}

Result<std::vector<Issued>> PkiFolder::issue(const std::vector<Holder>& holders, Instant now,
                                             int lasting, bool force) const {
    for (const Holder& holder : holders) {
        for (const Role other : holder_roles) {
            // A login has one place in each role: no need to read all that there is.
            if (other != holder.role &&
                there_is(place_of({other, holder.login, {}}).certificate_file)) {
                return Error{ErrorCode::usage,
                             fmt::format("the login {0} is taken: it is that of the {1} {0}",
                                         holder.login, to_text(other))};
            }
        }
        if (auto free = force ? Result<void>() : is_free(holder); !free) {
            return free.error();
        }
    }
    std::vector<Issued> issued;
    for (const Holder& holder : holders) {
        auto one = issue_one(holder, now, lasting);
        if (!one) {
            return one.error();
        }
        issued.push_back(*std::move(one));
    }
    return issued;
}

Result<Issued> PkiFolder::renew(const Issued& old, Instant now, int lasting, bool new_key) const {
    if (new_key) {
        return issue_one(old.holder, now, lasting);
    }
    const auto key = read_small_file(old.key_file, "key");
    if (!key) {
        return key.error();
    }
    auto made = sign(old.holder, *key, now, lasting);
    if (!made) {
        return made.error();
    }
    if (auto noted = note(*made); !noted) {
        return noted.error();
    }
    if (auto written = write_whole(made->issued.certificate_file, made->pem, mode_public);
        !written) {
        return written.error();
    }
    return std::move(made->issued);
}

}  // namespace flyball
