#include "governors/audit.h"

#include <cstring>

#include "schemas/expects.h"
#include "schemas/msgpack_form.h"

namespace flyball {

namespace {

constexpr std::string_view start_mark = "flyball-audit-1";
// Sets the hash of a link apart from every other hash here, h[0] included.
constexpr std::uint8_t link_mark = 0;
constexpr std::string_view hex_digits = "0123456789abcdef";
// The two digits of each byte.
constexpr auto hex_pairs = [] {
    std::array<char, 512> pairs{};
    for (std::size_t byte = 0; byte < 256; ++byte) {
        pairs[2 * byte] = hex_digits[byte >> 4U];
        pairs[2 * byte + 1] = hex_digits[byte & 0xFU];
    }
    return pairs;
}();

std::string_view text_of(const Sha256& hash) {
    return {reinterpret_cast<const char*>(hash.data()), hash.size()};
}

void append_container(ByteBuffer& out, bool map, std::size_t count) {
    const auto header = msgpack_form::container(map, static_cast<std::uint32_t>(count));
    out.append({header.bytes, header.size});
}

constexpr std::string_view bin32 = "\xC4\x20";  // a binary of 32 bytes

void append_hash(ByteBuffer& out, std::string_view key, const Sha256& hash) {
    msgpack_form::append_text(out, key);
    out.append(bin32);
    out.append(text_of(hash));
}

void append_pair(ByteBuffer& out, std::string_view key, std::string_view text) {
    msgpack_form::append_text(out, key);
    msgpack_form::append_text(out, text);
}

// Takes apart what append_audit_record() makes. Widths are taken as they come: that they are the
// shortest is seen by writing the record again.
class RecordReader {
public:
    explicit RecordReader(std::string_view bytes) : rest_(bytes) {}

    std::uint64_t number(std::size_t bytes) {
        std::uint64_t number = 0;
        for (const char byte : take(bytes)) {
            number = number << 8 | static_cast<std::uint8_t>(byte);
        }
        return number;
    }
    std::uint8_t byte() { return static_cast<std::uint8_t>(number(1)); }

    std::string_view text() {
        const unsigned first = byte();
        if (first >= 0xA0 && first <= 0xBF) {
            return take(first & 0x1F);
        }
        return first >= 0xD9 && first <= 0xDB ? take(number(std::size_t{1} << (first - 0xD9)))
                                              : fail();
    }

    std::int64_t integer() {
        const unsigned first = byte();
        if (first <= 0x7F) {
            return first;
        }
        if (first >= 0xE0) {
            return std::int64_t{first} - 0x100;
        }
        if (first >= 0xCC && first <= 0xCF) {
            return static_cast<std::int64_t>(number(std::size_t{1} << (first - 0xCC)));
        }
        if (first < 0xD0 || first > 0xD3) {
            fail();
            return 0;
        }
        const std::size_t bytes = std::size_t{1} << (first - 0xD0);
        const std::size_t unused_bits = 64 - 8 * bytes;
        return static_cast<std::int64_t>(number(bytes) << unused_bits) >> unused_bits;
    }

    std::size_t container(bool map) {
        const unsigned first = byte();
        const unsigned fixed = map ? 0x80 : 0x90;
        if (first >= fixed && first <= fixed + 0xF) {
            return first - fixed;
        }
        return first == (map ? 0xDEU : 0xDCU) ? static_cast<std::size_t>(number(2)) : fail().size();
    }

    Sha256 hash() {
        Sha256 hash{};
        if (take(bin32.size()) == bin32) {
            const auto bytes = std::as_bytes(std::span(take(hash.size())));
            std::copy(bytes.begin(), bytes.end(), hash.begin());
        } else {
            fail();
        }
        return hash;
    }

    void key(std::string_view name) {
        if (text() != name) {
            fail();
        }
    }
    bool good() const { return good_; }
    std::string_view fail() {
        good_ = false;
        return {};
    }

private:
    std::string_view take(std::uint64_t wanted) {
        if (!good_ || wanted > rest_.size()) {
            return fail();
        }
        const auto bytes = static_cast<std::size_t>(wanted);
        const std::string_view taken = rest_.substr(0, bytes);
        rest_.remove_prefix(bytes);
        return taken;
    }

    std::string_view rest_;
    bool good_ = true;
};

}  // namespace

void append_audit_record(ByteBuffer& out, const AuditRecord& record) {
    expects(record.violation_count <= audit_violations_max, "rules are bounded");
    append_container(out, true, record.attrs ? 9 : 7);
    append_pair(out, "action", record.action);
    msgpack_form::append_text(out, "at");
    msgpack_form::append_integer(out, to_ms(record.at));
    if (record.attrs) {
        append_hash(out, "attrs", *record.attrs);
    }
    append_pair(out, "decision", record.decision);
    append_pair(out, "policy_rev", record.policy_rev);
    append_pair(out, "reason", record.reason);
    msgpack_form::append_text(out, "seq");
    msgpack_form::append_unsigned(out, record.seq);
    append_hash(out, "tenant", record.tenant);
    if (record.attrs) {
        msgpack_form::append_text(out, "violations");
        append_container(out, false, record.violation_count);
        for (std::size_t at = 0; at < record.violation_count; ++at) {
            msgpack_form::append_text(out, record.violations[at]);
        }
    }
}

std::optional<AuditRecord> read_audit_record(std::string_view bytes, ByteBuffer& scratch) {
    RecordReader in(bytes);
    AuditRecord record;
    const bool check = in.container(true) == 9;
    in.key("action");
    record.action = in.text();
    in.key("at");
    record.at = instant_from_ms(in.integer());
    if (check) {
        in.key("attrs");
        record.attrs = in.hash();
    }
    in.key("decision");
    record.decision = in.text();
    in.key("policy_rev");
    record.policy_rev = in.text();
    in.key("reason");
    record.reason = in.text();
    in.key("seq");
    record.seq = static_cast<std::uint64_t>(in.integer());
    in.key("tenant");
    record.tenant = in.hash();
    if (check) {
        in.key("violations");
        std::size_t count = in.container(false);
        for (; in.good() && count > 0 && record.violation_count < audit_violations_max; --count) {
            record.add_violation(in.text());
        }
    }
    // Whatever is longer than it has to be, too much or out of place shows here.
    scratch.clear();
    append_audit_record(scratch, record);
    return in.good() && scratch.bytes() == bytes ? std::optional(record) : std::nullopt;
}

ChainHead audit_start(Hasher& hasher, std::uint64_t instance, std::string_view title) {
    std::array<char, 16> digits{};
    for (std::size_t at = digits.size(); at > 0; instance >>= 4U) {
        digits[--at] = hex_digits[instance & 0xFU];
    }
    const std::string_view text{digits.data(), digits.size()};
    return {.seq = 0, .hash = hasher.start().add(start_mark).add(text).add(title).finish()};
}

Sha256 audit_link(Hasher& hasher, const Sha256& before, std::string_view record) {
    return hasher.start().add(link_mark).add(before).add(record).finish();
}

Sha256 salted_hash(Hasher& hasher, const Salt& salt, std::string_view text) {
    return hasher.start().add(salt).add(text).finish();
}

HexHash::HexHash(const Sha256& hash) : digits() {
    for (std::size_t at = 0; at < hash.size(); ++at) {
        std::memcpy(&digits[2 * at], &hex_pairs[2 * std::to_integer<std::size_t>(hash[at])], 2);
    }
}

AuditVerifier::AuditVerifier(const ChainHead& from, std::optional<ChainHead> kept)
    : head_(from), kept_(kept) {
    if (differs_from_kept()) {
        bad_seq_ = head_.seq;
    }
}

bool AuditVerifier::differs_from_kept() const {
    return kept_ && kept_->seq == head_.seq && kept_->hash != head_.hash;
}

bool AuditVerifier::fail() {
    if (!bad_seq_) {
        bad_seq_ = head_.seq + 1;
    }
    return false;
}

bool AuditVerifier::add(std::string_view record, const Sha256& hash) {
    if (bad_seq_) {
        return false;
    }
    const auto read = read_audit_record(record, scratch_);
    if (!read || read->seq != head_.seq + 1 || audit_link(hasher_, head_.hash, record) != hash) {
        return fail();
    }
    const ChainHead before = head_;
    head_ = {.seq = read->seq, .hash = hash};
    if (differs_from_kept()) {
        head_ = before;
        return fail();
    }
    return true;
}

bool AuditVerifier::finish() {
    return !bad_seq_ && (!kept_ || kept_->seq <= head_.seq || fail());
}

}  // namespace flyball
