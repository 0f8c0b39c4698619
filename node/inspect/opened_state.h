#pragma once
// What the `state` verbs were pointed at: a state folder, or one file of one. Looks only; a node
// may be using the folder meanwhile. Main thread.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "node/engine.h"
#include "node/inspect/disk_view.h"
#include "node/recovery.h"
#include "node/state/journal_reader.h"
#include "node/state_store.h"

namespace flyball {

struct OpenedState {
    std::string path;
    DiskView view;
    bool in_use = false;    // a node holds the folder
    bool one_file = false;  // whatever its name, it stands in `view` under one that readers know
    std::optional<StateIdentity> identity{};
    std::string identity_fault{};  // why it cannot be read, when it is there
};
// `usage`: there is no such file or folder, or nothing of a state in it.
Result<OpenedState> open_state(const std::string& path);
// A whole folder, which is called `path` in what people read.
Result<OpenedState> open_state(Disk& folder, const std::string& path);

// Of a snapshot or a segment.
struct StateFile {
    std::string name;
    bool snapshot = false;
    std::uint64_t bytes = 0;
    // A segment's, as far as its groups follow one another; a snapshot was taken after the last.
    std::uint64_t first_record = 0;  // 0: none
    std::uint64_t last_record = 0;
    std::uint64_t parts = 0;  // groups or sections
    std::string fault{};      // what of it does not check out, as far as it can be told by itself
};
// Each by itself, in order of name. An error: a later release made one.
Result<std::vector<StateFile>> look_at_files(OpenedState& state);

// Where to begin when records are gone through again.
struct WalkStart {
    std::string snapshot;  // empty: with nothing
    std::uint64_t record = 1;
    // One segment without what it goes on from: its records cannot be put in place.
    bool form_only = false;
};
// The newest sound snapshot; with `oldest` the oldest from which the journal leads up to its end.
Result<WalkStart> find_start(OpenedState& state, const std::vector<StateFile>& files, bool oldest);

// An engine to recover into, that nobody asks.
Engine::Options quiet_engine(const OpenedState& state);
// Into a fresh engine: the snapshot of `start` if there is one.
Result<void> load_start(OpenedState& state, const WalkStart& start, Engine& engine,
                        Recovery& recovery);
// Then every record behind it, by `begin` with its number and `visitor` with its changes.
using RecordBegin = std::function<void(std::uint64_t number)>;
Result<JournalRead> walk_records(OpenedState& state, const WalkStart& start,
                                 const RecordBegin& begin, RecordVisitor& visitor);
// No more of admit's ids than the node had room for, where that is recorded.
void limit_admit_ids(Engine& engine, const Recovery& recovery);

}  // namespace flyball
