#pragma once
// A state folder as a node leaves it, on any disk: seeded traffic over an engine, each decision a
// record, snapshots when the test says so. The same seed writes the same bytes. One thread.

#include <cstdint>
#include <string>
#include <vector>

#include "node/inspect/opened_state.h"
#include "node/inspect/state_verbs.h"
#include "node/state_store.h"
#include "tests/sim/traffic.h"

namespace flyball {

class KeptState : private ChangeSink {
public:
    explicit KeptState(Disk& disk, std::uint64_t seed = 1);

    void ask_many(int requests);  // of sim::Traffic
    // One more request, on the admin topic of a governor: its reply.
    sim::Json ask(const std::string& governor, const sim::Json& request);
    void pass(Span span) { now_ += span; }
    // Of admit, as the node's own record has it from now on.
    void set_admit_ids(std::uint64_t capacity) { admit_ids_ = capacity; }
    // What the node has published elsewhere, from now on; empty: nothing any more.
    void announce(const std::string& topic);
    // Takes another configuration for a governor, as `reload` does.
    void configure(const std::string& title, const Tree& config);
    void keep_event(const std::string& topic, const std::string& payload);
    void snapshot();
    void write();     // what was decided, as one group, and syncs it
    void end_well();  // the last record
    sim::Desk& desk() { return desk_; }
    Instant now() const { return now_; }
    std::uint64_t records() const { return store_.next_record() - 1; }

private:
    void note(const Change& change) override { writer_.add(change); }
    void note(const GovernorChange& change) override { writer_.add(change); }
    void end_decision() override;
    NodeChange node() const {
        return {.epoch = 1,
                .at = now_,
                .events_reserved = 64,
                .admit_ids = admit_ids_,
                .announced = announced_};
    }

    std::uint64_t admit_ids_ = 0;
    std::string announced_;
    Instant now_ = instant_from_ms(1'767'225'600'000);
    sim::Desk desk_;
    sim::Traffic traffic_;
    StateStore store_;
    RecordWriter writer_;
    ByteBuffer waiting_;
    std::uint32_t count_ = 0;
    std::vector<KeptEvent> events_;
};

// What a verb says of the folder on `disk`; fails the test when it cannot be read.
using StateVerbFunction = Result<VerbAnswer> (*)(OpenedState& state, const VerbOptions& options);
VerbAnswer asked_of(Disk& disk, StateVerbFunction verb, const VerbOptions& options = {});
// The same as JSON.
sim::Json asked_json(Disk& disk, StateVerbFunction verb, bool records = false);

}  // namespace flyball
