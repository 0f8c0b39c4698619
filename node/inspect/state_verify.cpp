// `state verify`: every checksum and every audit chain, and that each record can be put in place.

#include "node/inspect/audit_walk.h"
#include "node/inspect/record_text.h"
#include "node/inspect/state_verbs.h"

namespace flyball {

namespace {

// Walks the chains along, and puts records in place where there is something to put them into.
class Watching final : public RecordVisitor {
public:
    Watching(AuditWalk& audit, Recovery* recovery) : audit_(audit), recovery_(recovery) {}

    void begin_record(std::uint64_t number) {
        record_ = number;
        if (recovery_ != nullptr) {
            recovery_->begin_record(number);
        }
    }
    bool visit(const Change& change) override {
        audit_.take(record_, change);
        return recovery_ == nullptr || recovery_->visit(change);
    }
    bool visit(const GovernorChange& change) override {
        if (change.standing == GovernorChange::Standing::purged) {
            audit_.purged(change.title);
        }
        return recovery_ == nullptr || recovery_->visit(change);
    }
    bool visit(const EventChange& change) override {
        return recovery_ == nullptr || recovery_->visit(change);
    }
    bool visit(const NodeChange& change) override {
        return recovery_ == nullptr || recovery_->visit(change);
    }

private:
    AuditWalk& audit_;
    Recovery* recovery_;
    std::uint64_t record_ = 0;
};

struct Findings {
    std::vector<StateFile> files;
    std::vector<StateFault> faults;
    std::vector<StateFault> torn;  // no fault: what was being written when the power failed
    std::uint64_t first_record = 0;
    std::uint64_t records = 0;
};

// The heads that a snapshot holds.
using ShowHead = std::function<void(const Governor& governor, std::uint64_t through)>;
void each_head(Engine& engine, const Recovery& recovery, const ShowHead& show) {
    engine.registry().each_any([&](const GovernorChange& standing, const Governor* governor) {
        if (governor != nullptr && governor->rules().head()) {
            show(*governor, recovery.loaded_through(standing.title));
        }
    });
}

// Snapshots behind `start` must hold what the journal leads to.
Result<void> expect_snapshots(OpenedState& state, const Findings& findings, const WalkStart& start,
                              AuditWalk& audit) {
    for (const StateFile& file : findings.files) {
        if (!file.snapshot || !file.fault.empty() || file.name <= start.snapshot) {
            continue;
        }
        Engine engine(quiet_engine(state));
        Recovery recovery(engine);
        if (auto loaded = load_start(state, {.snapshot = file.name}, engine, recovery); !loaded) {
            return loaded;
        }
        each_head(engine, recovery, [&](const Governor& governor, std::uint64_t through) {
            audit.expect(governor.title(), file.name, *governor.rules().head(), through);
        });
    }
    return {};
}

Result<void> walk(OpenedState& state, Findings& findings, AuditWalk& audit) {
    const auto start = find_start(state, findings.files, true);
    if (!start) {
        return start.error();
    }
    Engine engine(quiet_engine(state));
    Recovery recovery(engine);
    if (auto loaded = load_start(state, *start, engine, recovery); !loaded) {
        return loaded;
    }
    each_head(engine, recovery, [&](const Governor& governor, std::uint64_t through) {
        audit.begin(governor.title(), *governor.rules().head(), through);
    });
    if (auto expected = expect_snapshots(state, findings, *start, audit); !expected) {
        return expected;
    }
    Watching watching(audit, start->form_only ? nullptr : &recovery);
    const auto read = walk_records(
        state, *start, [&](std::uint64_t number) { watching.begin_record(number); }, watching);
    if (!read) {
        return read.error();
    }
    audit.finish();
    findings.first_record = read->records == 0 ? 0 : start->record;
    findings.records = read->records;
    for (const JournalFault& fault : read->faults) {
        (fault.torn_tail ? findings.torn : findings.faults).push_back(fault_of(fault));
    }
    if (!recovery.fault().empty()) {
        findings.faults.push_back({.what = recovery.fault()});
    }
    findings.faults.insert(findings.faults.end(), audit.faults().begin(), audit.faults().end());
    return {};
}

std::string as_json(const OpenedState& state, const Findings& findings, const AuditWalk& audit) {
    Writer writer;
    writer.begin_map();
    writer.field("path", std::string_view(state.path));
    writer.field("in_use", state.in_use);
    writer.field("sound", findings.faults.empty());
    writer.key("files");
    write_files(writer, findings.files);
    writer.field("first_record", findings.first_record);
    writer.field("records", findings.records);
    writer.key("chains");
    writer.begin_array();
    for (const auto& [title, chain] : audit.chains()) {
        writer.begin_map();
        writer.field("governor", std::string_view(title));
        writer.field("sound", chain.sound);
        writer.field("records", chain.records);
        writer.field("not_in_journal", chain.skipped);
        writer.field("first_seq", chain.first_seq);
        writer.key("head");
        writer.begin_map();
        writer.field("seq", chain.head.seq);
        writer.field("hash", std::string_view(hex_text(chain.head.hash)));
        writer.end_map();
        writer.end_map();
    }
    writer.end_array();
    writer.key("faults");
    write_faults(writer, findings.faults);
    writer.key("torn_tail");
    write_faults(writer, findings.torn);
    writer.end_map();
    return laid_out(writer.bytes());
}

std::string as_text(const OpenedState& state, const Findings& findings, const AuditWalk& audit) {
    std::string text;
    std::size_t snapshots = 0;
    std::uint64_t groups = 0;
    for (const StateFile& file : findings.files) {
        snapshots += file.snapshot ? 1 : 0;
        groups += file.snapshot ? 0 : file.parts;
    }
    text += std::to_string(snapshots) + " snapshots, " +
            std::to_string(findings.files.size() - snapshots) + " journal files with " +
            std::to_string(groups) + " groups; " + std::to_string(findings.records) +
            " records gone through\n";
    for (const auto& [title, chain] : audit.chains()) {
        text += title + ": " + std::to_string(chain.records) + " audit records from " +
                std::to_string(chain.first_seq) + " on, head " + std::to_string(chain.head.seq) +
                " " + hex_text(chain.head.hash) + (chain.sound ? "\n" : " NOT SOUND\n");
        if (chain.skipped > 0) {
            text += "  " + std::to_string(chain.skipped) +
                    " audit records were never in the journal (durability \"none\")\n";
        }
    }
    for (const StateFault& torn : findings.torn) {
        text += torn.text() + (state.in_use ? "\n" : "; a start cuts it off\n");
    }
    for (const StateFault& fault : findings.faults) {
        text += "NOT SOUND: " + fault.text() + "\n";
    }
    return text + (findings.faults.empty() ? "sound\n" : "");
}

}  // namespace

Result<VerbAnswer> verify_state(OpenedState& state, const VerbOptions& options) {
    Findings findings;
    auto files = look_at_files(state);
    if (!files) {
        return files.error();
    }
    findings.files = std::move(*files);
    if (!state.identity_fault.empty()) {
        findings.faults.push_back({.file = "identity", .what = state.identity_fault});
    }
    for (const StateFile& file : findings.files) {
        if (file.snapshot && !file.fault.empty()) {
            findings.faults.push_back({.what = file.fault});
        }
    }
    AuditWalk audit(state.identity ? std::optional(state.identity->instance) : std::nullopt);
    if (auto walked = walk(state, findings, audit); !walked) {
        return walked.error();
    }
    return VerbAnswer{
        .sound = findings.faults.empty(),
        .text = options.json ? as_json(state, findings, audit) : as_text(state, findings, audit)};
}

}  // namespace flyball
