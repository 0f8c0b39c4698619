#pragma once
// A fleet's certificates in one folder: the authority, who was given a certificate and which were
// taken back. The folder is all there is: what is known comes from the files, each written beside
// its place and moved there, keys with mode 0600. One process at a time (flock). Bounded by the
// folder. Main thread.

#include <set>
#include <string>
#include <vector>

#include "fleet/pki/signing.h"
#include "schemas/result.h"
#include "schemas/time.h"
#include "transport/tls_certificate.h"

namespace flyball {

enum class Role : std::uint8_t { authority, broker, node, app, operation };
std::string_view to_text(Role role);  // ca, broker, node, app, operator

// Whom a certificate is for. A broker takes the common name for the login
// (use_identity_as_username): region/node of a node; the tenant as it stands in a topic of an
// application; an operator's name. A node's has a slash and a tenant's level never has one, so that
// neither passes for the other.
struct Holder {
    Role role = Role::node;
    std::string login;
    std::vector<std::string> names;  // of a broker, `login` the first
};
// ErrorCode::usage, with what would be right. A broker's are DNS names or IP addresses.
Result<Holder> node_holder(const std::string& name);
Result<Holder> app_holder(const std::string& tenant);
Result<Holder> operator_holder(const std::string& name);
Result<Holder> broker_holder(std::vector<std::string> names);
// What NAME is to a person: an application's tenant, else the login.
std::string name_of(const Holder& holder);

struct Issued {
    Holder holder;
    Certificate certificate;
    std::string certificate_file;
    std::string key_file;
    bool revoked = false;
    bool foreign = false;  // of an authority that was replaced: nobody takes it any more
};

class PkiFolder {
public:
    static constexpr int authority_days = 3650;
    static constexpr int certificate_days = 365;
    static constexpr int days_max = 36'500;
    // Devices with late clocks must not take a new certificate for one of the future.
    static constexpr std::chrono::days backdated{30};
    // The ends of a fleet's certificates lie in as many days, not all on one.
    static constexpr std::chrono::days spread_max{30};

    // A new authority. ErrorCode::usage when there is one and `force` is not given.
    static Result<PkiFolder> make(const std::string& path, Instant now, int days, bool force);
    static Result<PkiFolder> open(const std::string& path);
    PkiFolder(PkiFolder&& other) noexcept;
    PkiFolder& operator=(PkiFolder&&) = delete;
    ~PkiFolder();

    const Issued& authority() const { return authority_; }
    std::string revocations_file() const { return path_ + "/crl.pem"; }
    // Of every role but the authority, sorted; what was renewed once.
    Result<std::vector<Issued>> list() const;
    // Every login that was ever given a certificate, each with the last one, sorted: also those
    // that do not stand in their place any more; then it is the file in issued/, without a key.
    Result<std::vector<Issued>> given() const;

    // For all of them or, when one may not have it, for none. ErrorCode::usage: a login that
    // another role has, one that has a certificate already and no `force`. What fails leaves the
    // pair that there is, or none: never a key without its certificate.
    Result<std::vector<Issued>> issue(const std::vector<Holder>& holders, Instant now, int days,
                                      bool force) const;
    // The same key, another end; `new_key`: another key too.
    Result<Issued> renew(const Issued& old, Instant now, int days, bool new_key) const;
    Result<void> renew_authority(Instant now, int days);
    // All certificates that this login was ever given and that have not ended: how many.
    Result<int> revoke(const Holder& holder, Instant now) const;

private:
    PkiFolder(std::string path, int lock) : path_(std::move(path)), lock_(lock) {}
    static Result<PkiFolder> locked(const std::string& path);
    Result<void> load();
    Result<void> write_authority(const CertificateOrder& order);
    struct Made {
        Issued issued;
        std::string pem;
    };
    // Writes nothing.
    Result<Made> sign(const Holder& holder, std::string_view key, Instant now, int days) const;
    Result<void> note(const Made& made) const;
    Result<void> is_free(const Holder& holder) const;  // ErrorCode::usage: it is not
    Result<Issued> issue_one(const Holder& holder, Instant now, int days) const;
    Result<std::set<std::string>> revoked_serials() const;
    Issued place_of(const Holder& holder) const;

    std::string path_;
    int lock_;  // a descriptor
    Signer signer_;
    Issued authority_;
};

// How much before its latest end a device's certificate ends: the same for each renewal of a login.
Span spread_of(std::string_view login, int days);

}  // namespace flyball
