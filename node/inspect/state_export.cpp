// `state export`: the whole state as one JSON document in a stable order, for a look into a backup
// and for diffs. Ids are in it as hashes only, and the salts of the audit chain are: who has this
// document can tell whom a chain's records are about.

#include <algorithm>
#include <deque>
#include <map>
#include <optional>

#include "governors/compliance_image.h"
#include "governors/governor_state.h"
#include "node/inspect/record_text.h"
#include "node/inspect/state_verbs.h"

namespace flyball {

namespace {

void write_outcome(Writer& writer, const Outcome& outcome) {
    writer.field("decision", to_text(outcome.verdict));
    if (outcome.reason != Reason::none) {
        writer.field("reason", to_text(outcome.reason));
    }
    if (outcome.would_deny) {
        writer.field("would", "deny");
    }
}

void write_ids(Writer& writer, const IdRing& ids) {
    writer.begin_array();
    ids.walk([&writer](const RememberedId& id, std::uint32_t /*tag*/) {
        writer.begin_map();
        writer.field("hash", std::string_view(hex_text(id.key)));
        writer.field("content", std::uint64_t{id.fingerprint});
        writer.field("seq", id.seq);
        writer.field("at", to_ms(id.at));
        write_outcome(writer, id.outcome);
        if (id.granted) {
            writer.field("granted", *id.granted);
        }
        writer.end_map();
    });
    writer.end_array();
}

void write_history(Writer& writer, const Governor& governor) {
    writer.begin_array();
    for (std::size_t age = governor.events().size(); age-- > 0;) {
        const PastEvent event = governor.events().at_age(age);
        writer.begin_map();
        writer.field("seq", event.seq);
        writer.field("at", to_ms(event.at));
        if (event.tenant != no_tenant) {
            writer.field("tenant", governor.tenant_name(event.tenant));
        }
        write_outcome(writer, event.outcome);
        writer.field("amount", event.amount);
        writer.end_map();
    }
    writer.end_array();
}

std::optional<Salt> salt_of(const Rules& rules, TenantIndex tenant) {
    std::optional<Salt> salt;
    rules.walk(tenant, [&salt](std::span<const std::byte> image) {
        if (const auto decoded = decode_compliance_image(image)) {
            salt = decoded->state.salt;
        }
    });
    return salt;
}

class Exporter {
public:
    Exporter(Writer& writer, Instant now) : writer_(writer), now_(now) {}

    void write(const GovernorChange& standing, const Governor* governor) {
        writer_.begin_map();
        writer_.field("governor", standing.title);
        writer_.field("standing", standing_text(standing.standing));
        if (governor != nullptr) {
            writer_.field("named_by_file", standing.named_by_file);
            writer_.field("policy_rev", standing.policy_rev);
            writer_.key("config");
            writer_.raw(standing.config);
            writer_.field("seq", governor->seq());
            if (const auto head = governor->rules().head()) {
                writer_.key("head");
                writer_.begin_map();
                writer_.field("seq", head->seq);
                writer_.field("hash", std::string_view(hex_text(head->hash)));
                writer_.end_map();
            }
            write_tenants(*governor);
            writer_.key("history");
            write_history(writer_, *governor);
            writer_.key("ids");
            write_ids(writer_, governor->ids());
        }
        writer_.end_map();
    }

private:
    // As `get` answers, and what only `report` tells where the type has that.
    void write_tenants(const Governor& governor) {
        std::map<std::string_view, TenantIndex> tenants;
        for (const TenantIndex tenant : GovernorState::places(governor)) {
            tenants.emplace(governor.tenant_name(tenant), tenant);
        }
        writer_.key("tenants");
        writer_.begin_map();
        for (const auto& [name, tenant] : tenants) {
            writer_.key(name);
            writer_.begin_map();
            write_levels(governor, tenant);
            if (governor.type() == "compliance") {
                if (const auto salt = salt_of(governor.rules(), tenant)) {
                    writer_.field("audit_salt", std::string_view(hex_text(*salt)));
                }
            }
            writer_.end_map();
        }
        writer_.end_map();
    }

    void write_levels(const Governor& governor, TenantIndex tenant) {
        const Rules& rules = governor.rules();
        const std::span<const Op> ops = rules.ops();
        const auto report = std::ranges::find(ops, "report", &Op::name);
        const auto get = std::ranges::find(ops, "get", &Op::name);
        Command command;
        command.look = true;
        command.op = static_cast<std::uint8_t>((report != ops.end() ? report : get) - ops.begin());
        const Case asked{.command = command,
                         .tenant = tenant,
                         .now = now_,
                         .tenant_name = governor.tenant_name(tenant),
                         .policy_rev = governor.policy_rev()};
        Effect nothing;
        const Judgement judgement = rules.judge(asked, nothing);
        if (const std::string_view state = rules.state(asked); !state.empty()) {
            writer_.field("state", state);
        }
        rules.write(writer_, asked, &judgement);
    }

    Writer& writer_;
    Instant now_;
};

void write_events(Writer& writer, const std::deque<KeptEvent>& events) {
    writer.begin_array();
    for (const KeptEvent& event : events) {
        writer.begin_map();
        writer.field("n", event.number);
        writer.field("topic", std::string_view(event.topic));
        writer.key("event");
        writer.raw(event.payload);
        writer.end_map();
    }
    writer.end_array();
}

std::string document(const OpenedState& state, Engine& engine, Recovery& recovery) {
    Writer writer;
    writer.begin_map();
    writer.field("format", "flyball-state-1");
    if (state.identity) {
        writer.field("instance", std::string_view(hex_text(state.identity->instance)));
    }
    writer.field("state_epoch", recovery.node().epoch);
    writer.field("at", to_ms(recovery.latest()));
    writer.field("clean_end", recovery.clean_end());
    writer.field("events_reserved", recovery.node().events_reserved);
    writer.key("governors");
    writer.begin_array();
    Exporter exporter(writer, recovery.latest());
    engine.registry().each_any([&](const GovernorChange& standing, const Governor* governor) {
        exporter.write(standing, governor);
    });
    writer.end_array();
    writer.key("admit");
    writer.begin_map();
    writer.field("seq", engine.admit().seq());
    writer.key("ids");
    write_ids(writer, engine.admit().ids());
    writer.end_map();
    writer.key("events");
    write_events(writer, recovery.events());
    writer.end_map();
    return laid_out(writer.bytes());
}

}  // namespace

Result<VerbAnswer> export_state(OpenedState& state, const VerbOptions& /*options*/) {
    const auto files = look_at_files(state);
    if (!files) {
        return files.error();
    }
    const auto start = find_start(state, *files, false);
    if (!start) {
        return start.error();
    }
    if (start->form_only || (state.one_file && start->snapshot.empty())) {
        return Error{ErrorCode::usage, "export needs a snapshot or the whole state folder: " +
                                           state.path + " is neither"};
    }
    Engine engine(quiet_engine(state));
    Recovery recovery(engine);
    if (auto loaded = load_start(state, *start, engine, recovery); !loaded) {
        return loaded.error();
    }
    const auto read = walk_records(
        state, *start, [&](std::uint64_t number) { recovery.begin_record(number); }, recovery);
    if (!read) {
        return read.error();
    }
    limit_admit_ids(engine, recovery);
    VerbAnswer answer{.text = document(state, engine, recovery)};
    for (const JournalFault& fault : read->faults) {
        if (!fault.torn_tail) {
            answer.sound = false;
            answer.notes.push_back(fault_of(fault).text());
        }
    }
    for (const StateFile& file : *files) {
        if (!file.fault.empty()) {
            answer.sound = false;
            answer.notes.push_back(file.fault);
        }
    }
    return answer;
}

}  // namespace flyball
