#pragma once
// What `flyball-node state` does: a file each. None of them changes anything. Main thread.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "node/inspect/opened_state.h"
#include "schemas/writer.h"

namespace flyball {

struct VerbOptions {
    bool json = false;
    bool records = false;  // show: each record of the journal
};
struct VerbAnswer {
    bool sound = true;                 // else the program ends with 1
    std::string text;                  // for stdout
    std::vector<std::string> notes{};  // for stderr
};

// An error: the state cannot be read by this release, or not at all.
Result<VerbAnswer> show_state(OpenedState& state, const VerbOptions& options);
Result<VerbAnswer> verify_state(OpenedState& state, const VerbOptions& options);
Result<VerbAnswer> replay_state(OpenedState& state, const VerbOptions& options);
Result<VerbAnswer> export_state(OpenedState& state, const VerbOptions& options);

// What does not check out: as much as is known of where.
struct StateFault {
    std::string file{};
    std::optional<std::uint64_t> offset{};
    std::optional<std::uint64_t> record{};
    std::string what;
    std::string text() const;
};
StateFault fault_of(const JournalFault& fault);
void write_faults(Writer& writer, const std::vector<StateFault>& faults);
void write_files(Writer& writer, const std::vector<StateFile>& files);

}  // namespace flyball
