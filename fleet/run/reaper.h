#pragma once
// A small process that starts all that a fleet consists of, and ends it: whatever happens to the
// tool, even kill -9, the reaper sees the end of its socket, kills every process below it and
// removes the run's folder and fleet.json. Forked before the tool has any thread, in a session of
// its own, so that no Ctrl-C reaches the fleet past the tool. It adopts what its children leave
// behind (PR_SET_CHILD_SUBREAPER); if it is killed itself, the kernel kills them (PDEATHSIG).
//
// Orders: {"id":N,"start":[program, argument...],"log":FILE,"channel":bool},
// {"signal":N,"pid":PID}, {"keep":true}, {"end":true}: SIGTERM, 10 s, then as when the tool is
// gone. Answers: {"folder":PATH}, {"id":N,"started":PID}, {"id":N,"failed":why}, {"ended":PID,...}.

#include <sys/types.h>

#include <memory>
#include <string>

#include "fleet/run/line_channel.h"
#include "schemas/result.h"

namespace flyball {

class Reaper {
public:
    // Forks it. `parent`: where the run's folder is made. `fleet_file`: removed at the end if it is
    // this run's, which it says with `run`. The process must have one thread.
    static Result<std::unique_ptr<Reaper>> start(const std::string& parent, const std::string& run,
                                                 const std::string& fleet_file);
    // Ends everything and waits until nothing is left; removes the files of a reaper that was
    // killed.
    ~Reaper();
    Reaper(const Reaper&) = delete;
    Reaper& operator=(const Reaper&) = delete;

    const std::string& folder() const { return folder_; }
    LineChannel& channel() { return channel_; }
    // The stdin and stdout of the one process that was started with "channel".
    LineChannel& fork_server() { return fork_server_; }
    void keep_folder();
    // SIGTERM first, for states that are worth keeping; the destructor does without.
    void end_in_order();

private:
    Reaper(pid_t pid, int channel, int fork_server, std::string run, std::string fleet_file)
        : pid_(pid),
          channel_(channel),
          fork_server_(fork_server),
          run_(std::move(run)),
          fleet_file_(std::move(fleet_file)) {}
    void clean_up_after_it() const;

    pid_t pid_;
    LineChannel channel_;
    LineChannel fork_server_;
    std::string folder_;
    std::string run_;
    std::string fleet_file_;
    bool kept_ = false;
};

}  // namespace flyball
