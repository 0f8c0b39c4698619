#pragma once
// The audit chains of all compliance governors, walked along the journal: each record must go on
// from the one before, and every snapshot on the way must hold the head that the records lead to.
// Main thread; one verifier a chain.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "governors/audit.h"
#include "governors/change.h"
#include "node/inspect/state_verbs.h"

namespace flyball {

class AuditWalk {
public:
    // `instance`: where chains begin that the journal itself begins. Without it, and for a journal
    // without its snapshot, a chain is walked from the first record there is.
    explicit AuditWalk(std::optional<std::uint64_t> instance) : instance_(instance) {}

    struct Chain {
        std::uint64_t through = 0;    // records up to this one are in the head
        ChainHead head{};             // after what was walked
        std::uint64_t first_seq = 1;  // where that began, whether or not there is a record
        std::uint64_t records = 0;
        std::uint64_t skipped = 0;  // that the journal never had (durability "none")
        bool sound = true;
    };
    void begin(std::string_view title, const ChainHead& head, std::uint64_t through);
    // What `snapshot` holds as the head after record `through`. In order of time.
    void expect(std::string_view title, std::string_view snapshot, const ChainHead& head,
                std::uint64_t through);

    void take(std::uint64_t record, const Change& change);
    void purged(std::string_view title) { chains_.erase(std::string(title)); }
    void finish();  // no more records

    const std::map<std::string, Chain, std::less<>>& chains() const { return chains_; }
    const std::vector<StateFault>& faults() const { return faults_; }

private:
    struct Expected {
        std::string snapshot;
        ChainHead head;
        std::uint64_t through;
    };
    Chain* find(std::string_view title, std::string_view record);
    void check_expected(std::string_view title, Chain& chain, std::uint64_t record);

    std::optional<std::uint64_t> instance_;
    std::map<std::string, Chain, std::less<>> chains_;
    std::map<std::string, std::vector<Expected>, std::less<>> expected_;  // oldest first
    std::vector<StateFault> faults_;
    Hasher hasher_;
    ByteBuffer scratch_;
};

}  // namespace flyball
