#pragma once
// The audit chain of a compliance governor: the form of a record, how each is hashed onto the one
// before, and who finds out that somebody touched them (docs/protocol.md, compliance). Without a
// head that somebody else keeps, a chain proves little: whoever can write it can write it anew.
// Pure values; bounded by 64 violations a record; allocates nothing once buffers have grown.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "governors/audit_hash.h"
#include "governors/rules.h"
#include "schemas/byte_buffer.h"
#include "schemas/time.h"

namespace flyball {

inline constexpr std::size_t audit_violations_max = 64;

struct AuditRecord {
    std::string_view action;
    Instant at{};
    std::optional<Sha256> attrs;  // a check has them and its violations; other records neither
    std::string_view decision;
    std::string_view policy_rev;
    std::string_view reason;
    std::uint64_t seq = 0;  // the chain's own: 1, 2, 3, ...
    Sha256 tenant{};
    std::array<std::string_view, audit_violations_max> violations;
    std::size_t violation_count = 0;

    void add_violation(std::string_view id) { violations[violation_count++] = id; }
    bool operator==(const AuditRecord&) const = default;
};

// As a msgpack map: keys sorted bytewise, shortest forms.
void append_audit_record(ByteBuffer& out, const AuditRecord& record);
// Nothing when the bytes are not exactly what append_audit_record() makes. Texts point into them;
// `scratch` is overwritten.
std::optional<AuditRecord> read_audit_record(std::string_view bytes, ByteBuffer& scratch);

// h[0]. `instance` counts as its 16 lower-case hex digits, the way health shows it.
ChainHead audit_start(Hasher& hasher, std::uint64_t instance, std::string_view title);
// h[i] from h[i - 1] and the record's bytes.
Sha256 audit_link(Hasher& hasher, const Sha256& before, std::string_view record);
// SHA-256 of salt and text: what a record says of its tenant.
Sha256 salted_hash(Hasher& hasher, const Salt& salt, std::string_view text);

// 64 lower-case hex digits, as replies and health show a hash.
struct HexHash {
    std::array<char, 2 * sizeof(Sha256)> digits;
    explicit HexHash(const Sha256& hash);
    std::string_view text() const { return {digits.data(), digits.size()}; }
};

// Walks kept records, oldest first, and stops at the first that is not what was chained.
class AuditVerifier {
public:
    // `from`: the head before the first record. `kept`: one that somebody else wrote down.
    explicit AuditVerifier(const ChainHead& from, std::optional<ChainHead> kept = std::nullopt);

    // A record and its hash as they were stored; false from the first bad one on.
    bool add(std::string_view record, const Sha256& hash);
    // No more records: false also when the kept head was not reached.
    bool finish();

    std::optional<std::uint64_t> bad_seq() const { return bad_seq_; }
    const ChainHead& head() const { return head_; }  // as far as all was well

private:
    bool fail();
    bool differs_from_kept() const;

    Hasher hasher_;
    ByteBuffer scratch_;
    ChainHead head_;
    std::optional<ChainHead> kept_;
    std::optional<std::uint64_t> bad_seq_;
};

}  // namespace flyball
