// `state show`: what is in a state folder, for people; with --records each record of its journal.

#include "governors/governor_state.h"
#include "node/inspect/record_text.h"
#include "node/inspect/state_verbs.h"

namespace flyball {

namespace {

struct GovernorRow {
    std::string governor;
    std::string standing;
    std::string policy_rev;
    std::uint64_t tenants = 0;
    std::uint64_t seq = 0;
    std::uint64_t ids = 0;
    std::uint64_t events = 0;
    std::uint64_t bytes = 0;  // as a snapshot holds them, before compression
};

struct Shown {
    std::vector<StateFile> files;
    std::vector<GovernorRow> governors;
    NodeChange node;
    std::uint64_t admit_seq = 0;
    std::uint64_t admit_ids = 0;
    std::uint64_t waiting_events = 0;
    std::uint64_t last_record = 0;
    std::vector<StateFault> faults;
};

void show_governors(const Engine& engine, std::vector<GovernorRow>& rows) {
    engine.registry().each_any([&rows](const GovernorChange& standing, const Governor* governor) {
        GovernorRow row{.governor = std::string(standing.title),
                        .standing = std::string(standing_text(standing.standing)),
                        .policy_rev = std::string(standing.policy_rev)};
        if (governor != nullptr) {
            ByteBuffer bytes;
            GovernorState::save(*governor, bytes);
            row.tenants = governor->tenants();
            row.seq = governor->seq();
            row.ids = governor->ids().size();
            row.events = governor->events().size();
            row.bytes = bytes.size();
        }
        rows.push_back(std::move(row));
    });
}

// One row for each change of each record.
class Lister final : public RecordVisitor {
public:
    struct Row {
        std::uint64_t record = 0;
        Instant at{};
        std::string governor{};
        std::string tenant{};
        std::string op{};
        std::string outcome{};
        std::string reason{};
        std::uint64_t seq = 0;
    };

    void begin_record(std::uint64_t number) { record_ = number; }
    bool visit(const Change& change) override {
        const bool decided = change.kind == Change::Kind::decision;
        Row row{.record = record_,
                .at = change.at,
                .governor = std::string(change.governor),
                .tenant = std::string(change.tenant),
                .op = std::string(kind_text(change.kind)),
                .seq = change.seq};
        if (change.asked != nullptr) {
            row.op = ops_.of(change.governor, change.asked->op);
        }
        if (decided) {
            row.outcome = to_text(change.outcome.verdict);
            row.reason = to_text(change.outcome.reason);
        }
        rows.push_back(std::move(row));
        return true;
    }
    bool visit(const GovernorChange& change) override {
        rows.push_back({.record = record_,
                        .governor = std::string(change.title),
                        .op = std::string(standing_text(change.standing)),
                        .reason = std::string(change.policy_rev)});
        return true;
    }
    bool visit(const EventChange& change) override {
        rows.push_back({.record = record_,
                        .governor = std::string(change.topic),
                        .op = change.topic.empty() ? "events left" : "event waits",
                        .seq = change.number});
        return true;
    }
    bool visit(const NodeChange& change) override {
        rows.push_back({.record = record_,
                        .at = change.at,
                        .governor = "node",
                        .op = change.clean_end ? "clean end" : "node",
                        .seq = change.epoch});
        return true;
    }

    std::vector<Row> rows;

private:
    std::uint64_t record_ = 0;
    OpNames ops_;
};

Result<void> look(OpenedState& state, Shown& shown) {
    const auto start = find_start(state, shown.files, false);
    if (!start) {
        return start.error();
    }
    if (start->form_only) {
        return {};
    }
    Engine engine(quiet_engine(state));
    Recovery recovery(engine);
    if (auto loaded = load_start(state, *start, engine, recovery); !loaded) {
        return loaded;
    }
    const auto read = walk_records(
        state, *start, [&](std::uint64_t number) { recovery.begin_record(number); }, recovery);
    if (!read) {
        return read.error();
    }
    for (const JournalFault& fault : read->faults) {
        if (!fault.torn_tail) {
            shown.faults.push_back(fault_of(fault));
        }
    }
    limit_admit_ids(engine, recovery);
    show_governors(engine, shown.governors);
    shown.node = recovery.node();
    shown.admit_seq = engine.admit().seq();
    shown.admit_ids = engine.admit().ids().size();
    shown.waiting_events = recovery.events().size();
    shown.last_record = read->end.next_record - 1;
    return {};
}

Result<void> list_records(OpenedState& state, const Shown& shown, Lister& lister) {
    auto start = find_start(state, shown.files, true);
    if (!start) {
        return start.error();
    }
    // Those before the snapshot too, as far as they are still there.
    for (const StateFile& file : shown.files) {
        if (!file.snapshot && file.first_record != 0 && file.first_record <= start->record &&
            start->record <= file.last_record) {
            start->record = file.first_record;
        }
    }
    const auto read = walk_records(
        state, *start, [&](std::uint64_t number) { lister.begin_record(number); }, lister);
    return read ? Result<void>() : Result<void>(read.error());
}

void write_governors(Writer& writer, const std::vector<GovernorRow>& rows) {
    writer.begin_array();
    for (const GovernorRow& row : rows) {
        writer.begin_map();
        writer.field("governor", std::string_view(row.governor));
        writer.field("standing", std::string_view(row.standing));
        writer.field("policy_rev", std::string_view(row.policy_rev));
        writer.field("tenants", row.tenants);
        writer.field("seq", row.seq);
        writer.field("ids", row.ids);
        writer.field("events", row.events);
        writer.field("bytes", row.bytes);
        writer.end_map();
    }
    writer.end_array();
}

void write_records(Writer& writer, const std::vector<Lister::Row>& rows) {
    writer.begin_array();
    for (const Lister::Row& row : rows) {
        writer.begin_map();
        writer.field("record", row.record);
        writer.field("at", to_ms(row.at));
        writer.field("governor", std::string_view(row.governor));
        writer.field("tenant", std::string_view(row.tenant));
        writer.field("op", std::string_view(row.op));
        writer.field("decision", std::string_view(row.outcome));
        writer.field("reason", std::string_view(row.reason));
        writer.field("seq", row.seq);
        writer.end_map();
    }
    writer.end_array();
}

std::string as_json(const OpenedState& state, const Shown& shown, const Lister* lister) {
    Writer writer;
    writer.begin_map();
    writer.field("path", std::string_view(state.path));
    writer.field("in_use", state.in_use);
    if (state.identity) {
        writer.field("instance", std::string_view(hex_text(state.identity->instance)));
    }
    writer.field("state_epoch", shown.node.epoch);
    writer.field("at", to_ms(shown.node.at));
    writer.field("clean_end", shown.node.clean_end);
    writer.field("last_record", shown.last_record);
    writer.key("files");
    write_files(writer, shown.files);
    writer.key("governors");
    write_governors(writer, shown.governors);
    writer.key("admit");
    writer.begin_map();
    writer.field("seq", shown.admit_seq);
    writer.field("ids", shown.admit_ids);
    writer.end_map();
    writer.field("events_waiting", shown.waiting_events);
    if (lister != nullptr) {
        writer.key("records");
        write_records(writer, lister->rows);
    }
    writer.key("faults");
    write_faults(writer, shown.faults);
    writer.end_map();
    return laid_out(writer.bytes());
}

std::string files_text(const OpenedState& state, const Shown& shown) {
    Columns columns({"file", ">bytes", ">first record", ">last record", ">parts", ""});
    for (const StateFile& file : shown.files) {
        columns.add({file.name, std::to_string(file.bytes),
                     file.first_record == 0 ? "" : std::to_string(file.first_record),
                     file.last_record == 0 ? "" : std::to_string(file.last_record),
                     std::to_string(file.parts) + (file.snapshot ? " sections" : " groups"),
                     file.fault.empty() ? "sound" : "NOT SOUND: " + file.fault});
    }
    for (const std::string& name : state.view.others()) {
        const bool aside = name.ends_with(".damaged");
        columns.add({name, "", "", "", "", aside ? "set aside: it did not check out" : ""});
    }
    return columns.text();
}

std::string governors_text(const Shown& shown) {
    Columns columns({"governor", "standing", ">tenants", ">seq", ">ids", ">events", ">bytes"});
    for (const GovernorRow& row : shown.governors) {
        columns.add({row.governor, row.standing, std::to_string(row.tenants),
                     std::to_string(row.seq), std::to_string(row.ids), std::to_string(row.events),
                     std::to_string(row.bytes)});
    }
    if (shown.admit_seq > 0) {
        columns.add({"admit", "", "", std::to_string(shown.admit_seq),
                     std::to_string(shown.admit_ids), "", ""});
    }
    return columns.empty() ? "" : "\n" + columns.text();
}

std::string records_text(const Lister& lister) {
    Columns columns({">record", "at", "governor", "tenant", "op", "outcome", ">seq"});
    for (const Lister::Row& row : lister.rows) {
        columns.add({std::to_string(row.record), date_text(row.at), row.governor, row.tenant,
                     row.op, row.outcome + (row.reason.empty() ? "" : " " + row.reason),
                     row.seq == 0 ? "" : std::to_string(row.seq)});
    }
    return "\n" + columns.text();
}

std::string as_text(const OpenedState& state, const Shown& shown, const Lister* lister) {
    std::string text = state.path + (state.in_use ? ", in use by a node" : "");
    if (state.identity) {
        text += ", instance " + hex_text(state.identity->instance);
    }
    if (shown.node.epoch > 0) {
        text += "\nstart " + std::to_string(shown.node.epoch) + ", " +
                std::to_string(shown.last_record) + " records, governor time " +
                date_text(shown.node.at) + (shown.node.clean_end ? ", ended well" : ", not ended") +
                "\n" + std::to_string(shown.waiting_events) + " events wait for the broker";
    }
    text += "\n\n" + files_text(state, shown) + governors_text(shown);
    if (lister != nullptr) {
        text += records_text(*lister);
    }
    for (const StateFault& fault : shown.faults) {
        text += "NOT SOUND: " + fault.text() + "\n";
    }
    return text;
}

}  // namespace

Result<VerbAnswer> show_state(OpenedState& state, const VerbOptions& options) {
    auto files = look_at_files(state);
    if (!files) {
        return files.error();
    }
    Shown shown;
    shown.files = std::move(*files);
    if (auto looked = look(state, shown); !looked) {
        return looked.error();
    }
    Lister lister;
    if (options.records) {
        if (auto listed = list_records(state, shown, lister); !listed) {
            return listed.error();
        }
    }
    const Lister* records = options.records ? &lister : nullptr;
    return VerbAnswer{.text = options.json ? as_json(state, shown, records)
                                           : as_text(state, shown, records)};
}

}  // namespace flyball
