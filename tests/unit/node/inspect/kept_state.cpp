#include "tests/unit/node/inspect/kept_state.h"

#include <gtest/gtest.h>

#include "schemas/expects.h"

namespace flyball {

namespace {

Engine::Options options_with(ChangeSink* changes) {
    Engine::Options options = sim::engine_options();
    options.changes = changes;
    options.keeps_records = true;
    return options;
}

}  // namespace

KeptState::KeptState(Disk& disk, std::uint64_t seed)
    : desk_(options_with(this)), traffic_(seed), store_(disk, {}) {
    const Engine::Options options = sim::engine_options();
    const auto identity =
        StateStore::identify(disk, {.instance = options.instance, .seed = options.seed});
    expects(identity.has_value(), "a fresh folder takes an identity");
    Recovery recovery(desk_.engine());
    const auto recovered = store_.recover(desk_.engine(), recovery);
    expects(recovered.has_value() && recovered->records == 0, "a fresh folder");
    expects(store_.begin_journal().has_value(), "a journal begins");
    writer_.add(node());
    end_decision();
    for (const auto& [title, config] : sim::governors()) {
        const std::size_t slash = title.find('/');
        const auto added = desk_.engine().registry().add(title.substr(0, slash),
                                                         title.substr(slash + 1), config, now_);
        expects(added.has_value(), "the traffic's governors are configured");
        end_decision();
    }
    write();
}

void KeptState::ask_many(int requests) {
    for (int asked = 0; asked < requests; ++asked) {
        const sim::Asked next = traffic_.next();
        now_ += Span{next.pass_ms};
        desk_.engine().pass_time(now_);
        end_decision();
        desk_.ask(next, now_);
        if (count_ >= 8) {
            write();
        }
    }
}

sim::Json KeptState::ask(const std::string& governor, const sim::Json& request) {
    return desk_.ask({.below = governor + "/admin", .request = request}, now_);
}

void KeptState::configure(const std::string& title, const Tree& config) {
    ConfiguredGovernors wanted;
    wanted.base = false;
    wanted.named.emplace(title, config);
    const auto faults = desk_.engine().registry().reload(wanted, now_);
    expects(faults.empty(), "the test's configuration is sound");
    end_decision();
}

void KeptState::announce(const std::string& topic) {
    announced_ = topic;
    writer_.add(node());
    end_decision();
}

void KeptState::keep_event(const std::string& topic, const std::string& payload) {
    const std::uint64_t number = events_.size() + 1;
    events_.push_back({.number = number, .topic = topic, .payload = payload});
    writer_.add(EventChange{.number = number, .topic = topic, .payload = payload});
    end_decision();
}

void KeptState::snapshot() {
    write();
    SnapshotPiece piece;
    piece.through_record = records();
    StateStore::make_node_piece(desk_.engine(), node(), events_, piece);
    auto done = store_.begin_snapshot(piece);
    desk_.engine().registry().each_any([&](const GovernorChange& standing, Governor* governor) {
        if (governor != nullptr && done) {
            piece.through_record = records();
            if (ChainKept* const kept = governor->chain_kept()) {
                kept->save(ChainKept::Snapshot::another, governor->rules().head()->seq);
            }
            StateStore::make_governor_piece(standing, *governor, piece);
            done = store_.add_to_snapshot(piece);
        }
    });
    expects(done && store_.finish_snapshot(), "a snapshot on a disk that works");
    desk_.engine().registry().each_any([](const GovernorChange& /*standing*/, Governor* governor) {
        if (governor != nullptr && governor->chain_kept() != nullptr) {
            governor->chain_kept()->saved();
        }
    });
}

void KeptState::write() {
    if (count_ > 0) {
        expects(store_.write(std::as_bytes(std::span(waiting_.bytes())), count_).has_value(),
                "a disk that works");
        waiting_.clear();
        count_ = 0;
    }
    expects(store_.sync().has_value(), "a disk that works");
}

void KeptState::end_well() {
    NodeChange last = node();
    last.clean_end = true;
    writer_.add(last);
    end_decision();
    write();
}

void KeptState::end_decision() {
    if (!writer_.empty()) {
        append_record(waiting_, writer_.finish());
        ++count_;
    }
}

VerbAnswer asked_of(Disk& disk, StateVerbFunction verb, const VerbOptions& options) {
    auto state = open_state(disk, "state");
    if (!state) {
        ADD_FAILURE() << state.error().message;
        return {};
    }
    auto answer = verb(*state, options);
    if (!answer) {
        ADD_FAILURE() << answer.error().message;
        return {};
    }
    return std::move(*answer);
}

sim::Json asked_json(Disk& disk, StateVerbFunction verb, bool records) {
    const VerbAnswer answer = asked_of(disk, verb, {.json = true, .records = records});
    return answer.text.empty() ? sim::Json() : sim::Json::parse(answer.text);
}

}  // namespace flyball
