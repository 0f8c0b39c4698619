#include "tests/sim/probe.h"

#include <set>

#include "governors/compliance_image.h"
#include "tests/sim/state_hash.h"

namespace flyball::sim {

namespace {

class AuditRecords final : public RecordVisitor {
public:
    bool visit(const Change& change) override {
        const auto image = change.governor.starts_with("compliance/")
                               ? decode_compliance_image(change.image)
                               : std::nullopt;
        if (image && image->kind == ComplianceImage::Kind::record) {
            if (const auto record = read_audit_record(image->record, scratch_)) {
                found[std::string(change.governor)].insert(record->seq);
            }
        }
        return true;
    }
    bool visit(const GovernorChange& /*change*/) override { return true; }
    bool visit(const EventChange& /*change*/) override { return true; }
    bool visit(const NodeChange& /*change*/) override { return true; }

    std::map<std::string, std::set<std::uint64_t>, std::less<>> found;

private:
    ByteBuffer scratch_;
};

std::string audit_gap_of(Disk& disk, const Engine& engine) {
    std::set<std::uint64_t> starts = {1};
    const auto names = list_snapshots(disk);
    if (!names) {
        return names.error().message;
    }
    for (const std::string& name : *names) {
        starts.insert(*snapshot_record(name) + 1);
    }
    AuditRecords records;
    RecordReader reader;
    for (const std::uint64_t start : starts) {
        const auto read = read_journal(
            disk, start, false, [&](std::uint64_t /*number*/, std::span<const std::byte> record) {
                return reader.read(record, records);
            });
        if (!read) {
            return read.error().message;
        }
    }
    std::string gap;
    engine.registry().each_any([&](const GovernorChange& standing, Governor* governor) {
        if (governor == nullptr || governor->chain_kept() == nullptr) {
            return;
        }
        const auto& there = records.found[std::string(standing.title)];
        const std::uint64_t head = governor->rules().head()->seq;
        for (std::uint64_t seq = governor->chain_kept()->first_seq(); seq <= head; ++seq) {
            if (!there.contains(seq) && gap.empty()) {
                gap.append(standing.title).append(": no record ").append(std::to_string(seq));
            }
        }
    });
    return gap;
}

}  // namespace

Probe probe(const DiskImage& image, const ProbeOptions& options) {
    Probe found;
    MemoryDisk disk(image);
    const auto identity = StateStore::identify(disk, {.instance = 11, .seed = 7});
    if (!identity) {
        found.error = identity.error().message;
        return found;
    }
    Engine engine({.root = options.root,
                   .limits = {},
                   .reply_prefixes = {},
                   .seed = identity->seed,
                   .instance = identity->instance,
                   .keeps_records = true,
                   .admit_ids_capacity = options.admit_ids_capacity});
    StateStore store(disk,
                     {.max_bytes = options.max_bytes, .segment_bytes = options.segment_bytes});
    Recovery recovery(engine);
    const auto recovered = store.recover(engine, recovery);
    if (!recovered) {
        found.error = recovered.error().message;
        return found;
    }
    found.record = recovered->through;
    found.lost = recovered->lost;
    found.faults = recovered->faults;
    found.latest = recovery.latest();
    found.hash = StateHash().of(engine);
    if (options.follows_audits) {
        found.audit_gap = audit_gap_of(disk, engine);
    }
    for (const auto& [name, bytes] : disk.image()) {
        found.files.push_back(name);
    }
    return found;
}

}  // namespace flyball::sim
