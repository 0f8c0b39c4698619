// The chain's form, its hashes, its salts, and that whoever touches it is found out.

#include "governors/audit.h"

#include <gtest/gtest.h>

#include "tests/unit/governors/audit_oracle.h"

namespace flyball {
namespace {

Sha256 hash_of(int number) {
    Sha256 hash{};
    hash.fill(static_cast<std::byte>(number));
    return hash;
}

AuditRecord some_record() {
    AuditRecord record;
    record.action = "store";
    record.at = instant_from_ms(1'767'225'600'000);
    record.attrs = hash_of(1);
    record.decision = "deny";
    record.policy_rev = "0123456789ab";
    record.reason = "violation";
    record.seq = 300;
    record.tenant = hash_of(2);
    record.add_violation("eu-only");
    record.add_violation("size");
    return record;
}

std::string bytes_of(const AuditRecord& record) {
    ByteBuffer out;
    append_audit_record(out, record);
    return std::string(out.bytes());
}

TEST(AuditRecord, IsASortedMsgpackMap) {
    const Json expected = {{"action", "store"},
                           {"at", 1'767'225'600'000},
                           {"attrs", binary_of(text_of(hash_of(1)))},
                           {"decision", "deny"},
                           {"policy_rev", "0123456789ab"},
                           {"reason", "violation"},
                           {"seq", 300},
                           {"tenant", binary_of(text_of(hash_of(2)))},
                           {"violations", {"eu-only", "size"}}};
    EXPECT_EQ(hex(bytes_of(some_record())), hex(msgpack_of(expected)));
}

TEST(AuditRecord, OfAnOperatorHasNoAttributesAndNoViolations) {
    AuditRecord record;
    record.action = "!remediate";
    record.decision = "ok";
    record.seq = 1;
    const Json expected = {{"action", "!remediate"},
                           {"at", 0},
                           {"decision", "ok"},
                           {"policy_rev", ""},
                           {"reason", ""},
                           {"seq", 1},
                           {"tenant", binary_of(std::string(32, '\0'))}};
    EXPECT_EQ(hex(bytes_of(record)), hex(msgpack_of(expected)));
}

TEST(AuditRecord, IsReadBack) {
    ByteBuffer scratch;
    AuditRecord record = some_record();
    for (const std::int64_t at :
         {0LL, 127LL, 128LL, 255LL, 256LL, 65'535LL, 65'536LL, 4'294'967'295LL, 4'294'967'296LL,
          -1LL, -32LL, -33LL, -128LL, -129LL, -32'769LL, -2'147'483'649LL, 1'767'225'600'000LL}) {
        record.at = instant_from_ms(at);
        record.seq = at < 0 ? 1 : static_cast<std::uint64_t>(at);
        const std::string bytes = bytes_of(record);
        const auto read = read_audit_record(bytes, scratch);
        ASSERT_TRUE(read.has_value()) << at;
        EXPECT_EQ(*read, record) << at;
    }
    const std::string long_name(300, 'x');
    record.action = long_name;
    record.violation_count = audit_violations_max;
    record.violations.fill("rule");
    EXPECT_EQ(read_audit_record(bytes_of(record), scratch).value().action.size(), 300U);
    record.attrs.reset();
    record.violation_count = 0;
    EXPECT_FALSE(read_audit_record(bytes_of(record), scratch).value().attrs.has_value());
}

TEST(AuditRecord, ThatIsNotExactlyOneIsNotRead) {
    ByteBuffer scratch;
    const std::string bytes = bytes_of(some_record());
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        EXPECT_FALSE(read_audit_record(bytes.substr(0, size), scratch)) << size;
    }
    EXPECT_FALSE(read_audit_record(bytes + '\0', scratch));
    // The same values in a longer form.
    std::string wide = bytes;
    wide.replace(wide.find("\xCD\x01\x2C"), 3, std::string("\xCE\0\0\x01\x2C", 5));
    EXPECT_FALSE(read_audit_record(wide, scratch));
    std::string wide_text = bytes;
    wide_text.replace(wide_text.find("\xA5store"), 6, "\xD9\x05store");
    EXPECT_FALSE(read_audit_record(wide_text, scratch));
    std::string other_key = bytes;
    other_key.replace(other_key.find("action"), 6, "Action");
    EXPECT_FALSE(read_audit_record(other_key, scratch));
    EXPECT_FALSE(read_audit_record(msgpack_of({{"action", "store"}}), scratch));
}

TEST(AuditChain, BeginsWithWhoseItIs) {
    Hasher hasher;
    const ChainHead head = audit_start(hasher, 0x00ab, "compliance/main");
    EXPECT_EQ(head.seq, 0U);
    EXPECT_EQ(hex(text_of(head.hash)), hex(sha256("flyball-audit-1"
                                                  "00000000000000ab"
                                                  "compliance/main")));
    EXPECT_EQ(HexHash(head.hash).text(), hex(text_of(head.hash)));
}

TEST(AuditChain, HashesEachRecordOntoTheHashBefore) {
    Hasher hasher;
    const std::string before(32, '\x05');
    EXPECT_EQ(text_of(audit_link(hasher, hash_of(5), "record")),
              sha256(std::string(1, '\0') + before + "record"));
    Salt salt{};
    salt.fill(std::byte{9});
    EXPECT_EQ(text_of(salted_hash(hasher, salt, "acme")), sha256(std::string(16, '\x09') + "acme"));
}

TEST(SaltRatchet, DrawsAsDocumented) {
    Hasher hasher;
    const std::array<std::byte, 32> entropy{};
    SaltRatchet salts(entropy, "compliance/main", hasher);
    std::string key = sha256(std::string(32, '\0') + "compliance/main");
    for (int drawn = 0; drawn < 3; ++drawn) {
        EXPECT_EQ(text_of(salts.next()), sha256(key + '\0').substr(0, 16)) << drawn;
        key = sha256(key + '\1');
        salts.advance(hasher);
    }
    salts.stir(hash_of(3), hasher);
    key = sha256(key + '\2' + std::string(32, '\3'));
    EXPECT_EQ(text_of(salts.next()), sha256(key + '\0').substr(0, 16));
}

TEST(SaltRatchet, GivesGovernorsOfOneProcessDifferentSalts) {
    Hasher hasher;
    const std::array<std::byte, 32> entropy{};
    const SaltRatchet one(entropy, "compliance/one", hasher);
    const SaltRatchet two(entropy, "compliance/two", hasher);
    EXPECT_NE(one.next(), two.next());
}

// A chain of five records as it would be kept.
class AuditVerification : public testing::Test {
protected:
    AuditVerification() {
        start_ = audit_start(hasher_, 1, "compliance/main");
        Sha256 hash = start_.hash;
        for (std::uint64_t seq = 1; seq <= 5; ++seq) {
            AuditRecord record = some_record();
            record.seq = seq;
            chain_.push_back({.bytes = bytes_of(record)});
            hash = chain_.back().hash = audit_link(hasher_, hash, chain_.back().bytes);
        }
    }
    ChainHead head() const { return {.seq = 5, .hash = chain_.back().hash}; }

    // Everything hashed anew from the record at `first` on, as a forger would.
    void forge_from(std::size_t first) {
        Sha256 hash = first == 0 ? start_.hash : chain_[first - 1].hash;
        for (std::size_t at = first; at < chain_.size(); ++at) {
            hash = chain_[at].hash = audit_link(hasher_, hash, chain_[at].bytes);
        }
    }
    std::optional<std::uint64_t> first_bad(std::optional<ChainHead> kept = std::nullopt) const {
        AuditVerifier verifier(start_, kept);
        for (const KeptRecord& record : chain_) {
            verifier.add(record.bytes, record.hash);
        }
        const bool sound = verifier.finish();
        EXPECT_EQ(sound, !verifier.bad_seq().has_value());
        return verifier.bad_seq();
    }

    Hasher hasher_;
    ChainHead start_;
    std::vector<KeptRecord> chain_;
};

TEST_F(AuditVerification, FindsNothingInAChainThatNobodyTouched) {
    EXPECT_EQ(first_bad(), std::nullopt);
    EXPECT_EQ(first_bad(head()), std::nullopt);
    EXPECT_EQ(first_bad(start_), std::nullopt);
    EXPECT_EQ(first_bad(ChainHead{.seq = 3, .hash = chain_[2].hash}), std::nullopt);
}

TEST_F(AuditVerification, StopsAtTheFirstBadRecord) {
    AuditVerifier verifier(start_);
    EXPECT_TRUE(verifier.add(chain_[0].bytes, chain_[0].hash));
    EXPECT_FALSE(verifier.add(chain_[2].bytes, chain_[2].hash));
    EXPECT_FALSE(verifier.add(chain_[1].bytes, chain_[1].hash));
    EXPECT_EQ(verifier.bad_seq(), 2U);
    EXPECT_EQ(verifier.head().seq, 1U);
    EXPECT_FALSE(verifier.finish());
}

TEST_F(AuditVerification, WithoutAKeptHeadProvesLittle) {
    chain_.pop_back();
    EXPECT_EQ(first_bad(), std::nullopt);  // the tail is gone and nobody can tell
    AuditRecord other = some_record();
    other.seq = 2;
    other.decision = "allow";
    chain_[1].bytes = bytes_of(other);
    forge_from(1);
    EXPECT_EQ(first_bad(), std::nullopt);  // nor that all was written anew
}

TEST_F(AuditVerification, WithAKeptHeadFindsAMissingTailAndAForgery) {
    const ChainHead kept = head();
    auto whole = chain_;
    chain_.pop_back();
    EXPECT_EQ(first_bad(kept), 5U);
    chain_ = whole;
    AuditRecord other = some_record();
    other.seq = 2;
    other.decision = "allow";
    chain_[1].bytes = bytes_of(other);
    forge_from(1);
    EXPECT_EQ(first_bad(kept), 5U);
    EXPECT_EQ(first_bad(ChainHead{.seq = 3, .hash = whole[2].hash}), 3U);
}

TEST_F(AuditVerification, FindsAnotherBeginning) {
    AuditVerifier verifier(audit_start(hasher_, 2, "compliance/main"));
    EXPECT_FALSE(verifier.add(chain_[0].bytes, chain_[0].hash));
    EXPECT_EQ(verifier.bad_seq(), 1U);
    AuditVerifier other(start_, ChainHead{.seq = 0, .hash = hash_of(1)});
    EXPECT_FALSE(other.finish());
}

}  // namespace
}  // namespace flyball
