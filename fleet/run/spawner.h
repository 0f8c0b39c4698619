#pragma once
// Starts the fleet's processes: brokers and plain nodes through the reaper, other nodes through a
// fork-server that the reaper started. Says which of them have ended. Every call but poll() waits
// for the answer, which takes milliseconds. Main thread.

#include <sys/types.h>

#include <string>
#include <vector>

#include "fleet/run/reaper.h"

namespace flyball {

struct Ended {
    pid_t pid = 0;
    int signal = 0;  // 0: it ended by itself, with `status`
    int status = 0;
    std::string text() const;  // "signal 9", "exit status 64"
};

class Spawner {
public:
    // `node_program`: empty when it was not found, then no node starts.
    Spawner(Reaper& reaper, std::string node_program);

    // With `for_all` every node is a fork of it from now on. Its pid: it is part of the fleet's
    // memory.
    Result<pid_t> start_fork_server(bool for_all);
    Result<pid_t> start_program(const std::vector<std::string>& words, const std::string& log);
    // `arguments`: without the program's name.
    Result<pid_t> start_node(const std::vector<std::string>& arguments, const std::string& log);
    // By itself, or a fork of the fork-server that runs, whatever the others are.
    Result<pid_t> start_plain_node(const std::vector<std::string>& arguments,
                                   const std::string& log);
    Result<pid_t> start_forked_node(const std::vector<std::string>& arguments,
                                    const std::string& log);

    // What has ended since the last call, and whether all can still be started.
    std::vector<Ended> poll();
    bool broken() const;
    std::vector<int> fds() const;  // readable when poll() may have something

private:
    // Who answers. Answers come in the order of the orders: the first belong to those that nobody
    // waits for any more.
    struct Line {
        LineChannel& channel;
        int given_up = 0;
        std::vector<Json> answers{};
    };
    Result<pid_t> answer(Line& line);
    void take(Line& line);

    Reaper& reaper_;
    std::string node_program_;
    Line to_reaper_;
    Line to_fork_server_;
    bool has_fork_server_ = false;
    bool forks_ = false;
    std::int64_t orders_ = 0;
    std::vector<Ended> ended_;
};

// Beside this program, else on PATH; empty when it is nowhere. Also looked for in /usr/sbin.
std::string find_program(const std::string& name);
// A library that a broker loads: in ../lib of this program, else where Debian keeps Mosquitto's.
std::string find_plugin(const std::string& name);

}  // namespace flyball
