#include "node/inspect/audit_walk.h"

#include <limits>
#include <utility>

#include "governors/compliance_image.h"

namespace flyball {

namespace {

constexpr std::string_view type_prefix = "compliance/";

}  // namespace

void AuditWalk::begin(std::string_view title, const ChainHead& head, std::uint64_t through) {
    chains_.insert_or_assign(std::string(title),
                             Chain{.through = through, .head = head, .first_seq = head.seq + 1});
}

void AuditWalk::expect(std::string_view title, std::string_view snapshot, const ChainHead& head,
                       std::uint64_t through) {
    expected_[std::string(title)].push_back({std::string(snapshot), head, through});
}

// The chain that a record belongs to; one that nothing is known of begins with it.
AuditWalk::Chain* AuditWalk::find(std::string_view title, std::string_view record) {
    if (const auto known = chains_.find(title); known != chains_.end()) {
        return &known->second;
    }
    Chain chain;
    if (instance_) {
        chain.head = audit_start(hasher_, *instance_, title);
    } else if (const auto read = read_audit_record(record, scratch_)) {
        chain.head.seq = read->seq - 1;
    }
    chain.first_seq = chain.head.seq + 1;
    return &chains_.emplace(std::string(title), chain).first->second;
}

void AuditWalk::take(std::uint64_t record, const Change& change) {
    if (!change.governor.starts_with(type_prefix)) {
        return;
    }
    const auto image = decode_compliance_image(change.image);
    if (!image || image->kind != ComplianceImage::Kind::record) {
        return;
    }
    Chain& chain = *find(change.governor, image->record);
    check_expected(change.governor, chain, record);
    if (record <= chain.through || !chain.sound) {
        return;
    }
    if (!instance_ && chain.records == 0 && chain.through == 0) {  // nothing to go on from
        chain.head = {.seq = chain.head.seq + 1, .hash = image->hash};
        ++chain.records;
        return;
    }
    AuditVerifier verifier(chain.head);
    if (!verifier.add(image->record, image->hash)) {
        chain.sound = false;
        faults_.push_back({.record = record,
                           .what = std::string(change.governor) + ": audit record " +
                                   std::to_string(chain.head.seq + 1) +
                                   " does not go on from the one before"});
        return;
    }
    chain.head = verifier.head();
    ++chain.records;
}

void AuditWalk::check_expected(std::string_view title, Chain& chain, std::uint64_t record) {
    const auto found = expected_.find(title);
    if (found == expected_.end()) {
        return;
    }
    auto& list = found->second;
    for (; !list.empty() && list.front().through < record; list.erase(list.begin())) {
        const Expected& expected = list.front();
        if (!chain.sound || expected.through < chain.through) {
            continue;
        }
        if (expected.head.seq > chain.head.seq) {
            chain.skipped += expected.head.seq - chain.head.seq;
            chain.head = expected.head;
        } else if (expected.head.seq < chain.head.seq || expected.head.hash != chain.head.hash) {
            chain.sound = false;
            faults_.push_back({.file = expected.snapshot,
                               .what = std::string(title) + ": its head is audit record " +
                                       std::to_string(expected.head.seq) +
                                       ", the journal leads to another"});
        }
    }
}

void AuditWalk::finish() {
    for (auto& [title, chain] : chains_) {
        check_expected(title, chain, std::numeric_limits<std::uint64_t>::max());
    }
}

}  // namespace flyball
