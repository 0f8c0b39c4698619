#pragma once
// What runs in the reaper's process (fleet/run/reaper.h). One thread; never returns to the tool.

#include <string>

namespace flyball {

struct ReaperEnds {
    int channel;      // the tool's orders
    int fork_server;  // handed to the process that is started with "channel"
};

// The run's folder, unless it is empty here, and fleet.json when it names this run.
void remove_run_files(const std::string& folder, const std::string& run,
                      const std::string& fleet_file);

[[noreturn]] void run_reaper(ReaperEnds ends, const std::string& parent, const std::string& run,
                             const std::string& fleet_file);

}  // namespace flyball
