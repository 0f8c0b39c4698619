// `state replay`: decides the journal's records again, each from the state that was recorded before
// it and under the configuration in force then, and reports what comes out differently. Where one
// differs the recorded effect is what the next begins with, so that each difference is its own.

#include <algorithm>

#include "node/inspect/record_text.h"
#include "node/inspect/state_verbs.h"

namespace flyball {

namespace {

constexpr std::size_t differences_kept = 1000;  // further ones are counted

struct Difference {
    std::uint64_t record = 0;
    Instant at{};
    std::string governor;
    std::string tenant;
    std::string op;
    std::string recorded;
    std::string decided;
};

std::string answer_text(const Outcome& outcome) {
    std::string text(to_text(outcome.verdict));
    if (outcome.reason != Reason::none) {
        text.append(" ").append(to_text(outcome.reason));
    }
    return text + (outcome.would_deny ? " (observed)" : "");
}

bool is_compliance(const Governor& governor) {
    return governor.type() == "compliance";
}

class Replaying final : public RecordVisitor {
public:
    Replaying(Engine& engine, Recovery& recovery) : engine_(engine), recovery_(recovery) {}

    void begin_record(std::uint64_t number) {
        record_ = number;
        recovery_.begin_record(number);
    }
    bool visit(const Change& change) override {
        if (record_ > recovery_.loaded_through(change.governor)) {
            if (Governor* governor = engine_.registry().find_any(change.governor)) {
                decide_again(*governor, change);
            }
        }
        return recovery_.visit(change);
    }
    bool visit(const GovernorChange& change) override { return recovery_.visit(change); }
    bool visit(const EventChange& change) override { return recovery_.visit(change); }
    bool visit(const NodeChange& change) override { return recovery_.visit(change); }

    std::uint64_t decided = 0;
    std::uint64_t not_replayable = 0;
    std::uint64_t different = 0;
    std::vector<Difference> differences;

private:
    void decide_again(const Governor& governor, const Change& change);
    void judge(const Governor& governor, const Change& change);
    void pass_time(const Governor& governor, const Change& change);
    void differs(const Change& change, std::string recorded, std::string now);
    bool same_image(const Change& change) const {
        return std::ranges::equal(effect_.after(), change.image);
    }

    Engine& engine_;
    Recovery& recovery_;
    std::uint64_t record_ = 0;
    Effect effect_;
    OpNames ops_;
};

void Replaying::decide_again(const Governor& governor, const Change& change) {
    effect_.clear();
    if (change.kind == Change::Kind::time) {
        pass_time(governor, change);
    } else if (change.kind == Change::Kind::decision && change.asked != nullptr) {
        // Of a check only the hash of its attributes is kept.
        if (is_compliance(governor) && ops_.of(governor.title(), change.asked->op) == "check") {
            ++not_replayable;
        } else {
            judge(governor, change);
        }
    }
}

// As Governor::judge() and check_place(), on a tenant that is looked at only.
Judgement judge_case(const Governor& governor, const Case& asked, Effect& effect) {
    const Rules& rules = governor.rules();
    const std::span<const Op> ops = rules.ops();
    Judgement judgement;
    if (asked.command.op >= ops.size()) {
        judgement.verdict = Verdict::ok;
        if (asked.tenant != no_tenant) {
            rules.judge_forget(asked, effect);
        }
        return judgement;
    }
    Newcomer newcomer = rules.newcomer(asked.command);
    if (newcomer == Newcomer::by_settings) {
        const bool welcome = governor.settings().auto_enroll || ops[asked.command.op].admin;
        newcomer = welcome ? Newcomer::enrols : Newcomer::unknown;
    }
    if (asked.tenant == no_tenant && newcomer == Newcomer::unknown) {
        judgement.verdict = Verdict::deny;
        judgement.reason = Reason::unknown_tenant;
        return judgement;
    }
    return rules.judge(asked, effect);
}

void Replaying::judge(const Governor& governor, const Change& change) {
    const Case asked{.command = *change.asked,
                     .tenant = governor.find_tenant(change.tenant),
                     .now = change.at,
                     .tenant_name = change.tenant,
                     .policy_rev = change.policy_rev};
    const Judgement judgement = judge_case(governor, asked, effect_);
    ++decided;
    const bool observed =
        judgement.verdict == Verdict::deny && governor.settings().mode == Mode::observe;
    const Outcome now{observed ? Verdict::allow : judgement.verdict, judgement.reason, observed};
    const auto granted = change.id != nullptr ? change.id->granted : judgement.granted;
    if (!(now == change.outcome)) {
        differs(change, answer_text(change.outcome), answer_text(now));
    } else if (judgement.amount != change.amount || judgement.granted != granted) {
        differs(change, "amount " + std::to_string(change.amount),
                "amount " + std::to_string(judgement.amount));
    } else if (!same_image(change) &&
               !(is_compliance(governor) && asked.tenant == no_tenant)) {  // a new salt is random
        differs(change, "state " + hex_text(change.image), "state " + hex_text(effect_.after()));
    }
}

void Replaying::pass_time(const Governor& governor, const Change& change) {
    const TenantIndex tenant = governor.find_tenant(change.tenant);
    const auto due = tenant == no_tenant ? std::nullopt : governor.rules().due(tenant);
    ++decided;
    if (due && *due <= change.at) {
        governor.rules().pass_time(tenant, change.at, effect_);
    }
    if (!same_image(change)) {
        differs(change, "state " + hex_text(change.image), "state " + hex_text(effect_.after()));
    }
}

void Replaying::differs(const Change& change, std::string recorded, std::string now) {
    ++different;
    if (differences.size() < differences_kept) {
        differences.push_back(
            {.record = record_,
             .at = change.at,
             .governor = std::string(change.governor),
             .tenant = std::string(change.tenant),
             .op = std::string(change.asked != nullptr ? ops_.of(change.governor, change.asked->op)
                                                       : kind_text(change.kind)),
             .recorded = std::move(recorded),
             .decided = std::move(now)});
    }
}

std::string as_json(const Replaying& replaying, const WalkStart& start,
                    const std::vector<StateFault>& faults) {
    Writer writer;
    writer.begin_map();
    writer.field("from_record", start.record);
    writer.field("snapshot", std::string_view(start.snapshot));
    writer.field("decided", replaying.decided);
    writer.field("not_replayable", replaying.not_replayable);
    writer.field("different", replaying.different);
    writer.key("differences");
    writer.begin_array();
    for (const Difference& difference : replaying.differences) {
        writer.begin_map();
        writer.field("record", difference.record);
        writer.field("at", to_ms(difference.at));
        writer.field("governor", std::string_view(difference.governor));
        writer.field("tenant", std::string_view(difference.tenant));
        writer.field("op", std::string_view(difference.op));
        writer.field("recorded", std::string_view(difference.recorded));
        writer.field("decided", std::string_view(difference.decided));
        writer.end_map();
    }
    writer.end_array();
    writer.key("faults");
    write_faults(writer, faults);
    writer.end_map();
    return laid_out(writer.bytes());
}

std::string as_text(const Replaying& replaying, const WalkStart& start,
                    const std::vector<StateFault>& faults) {
    std::string text;
    for (const Difference& difference : replaying.differences) {
        text += "record " + std::to_string(difference.record) + ", " + date_text(difference.at) +
                ", " + difference.governor + ", " + difference.tenant + ", " + difference.op +
                ": recorded " + difference.recorded + ", decided " + difference.decided + "\n";
    }
    for (const StateFault& fault : faults) {
        text += "NOT SOUND: " + fault.text() + "\n";
    }
    text += std::to_string(replaying.decided) + " decided again from record " +
            std::to_string(start.record) + " on, " + std::to_string(replaying.different) +
            " different";
    if (replaying.different > replaying.differences.size()) {
        text += " (" + std::to_string(replaying.differences.size()) + " shown)";
    }
    if (replaying.not_replayable > 0) {
        text += "; " + std::to_string(replaying.not_replayable) +
                " compliance checks cannot be: of their attributes only a hash is kept";
    }
    return text + "\n";
}

}  // namespace

Result<VerbAnswer> replay_state(OpenedState& state, const VerbOptions& options) {
    if (state.one_file) {
        return Error{ErrorCode::usage,
                     "replay needs the whole state folder: " + state.path + " is one file of it"};
    }
    const auto files = look_at_files(state);
    if (!files) {
        return files.error();
    }
    const auto start = find_start(state, *files, true);
    if (!start) {
        return start.error();
    }
    Engine engine(quiet_engine(state));
    Recovery recovery(engine);
    if (auto loaded = load_start(state, *start, engine, recovery); !loaded) {
        return loaded.error();
    }
    Replaying replaying(engine, recovery);
    const auto read = walk_records(
        state, *start, [&](std::uint64_t number) { replaying.begin_record(number); }, replaying);
    if (!read) {
        return read.error();
    }
    std::vector<StateFault> faults;
    for (const JournalFault& fault : read->faults) {
        if (!fault.torn_tail) {
            faults.push_back(fault_of(fault));
        }
    }
    return VerbAnswer{.sound = replaying.different == 0 && faults.empty(),
                      .text = options.json ? as_json(replaying, *start, faults)
                                           : as_text(replaying, *start, faults)};
}

}  // namespace flyball
