#pragma once
// The real flyball-node as a child process, with a folder, a configuration and a log of its own; or
// the same node inside a broker of its own. Ready once its retained health says `online`; ended by
// its pid on destruction and, by the kernel, when the test dies. One thread.

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/e2e/broker.h"

namespace flyball::testing {

// FLYBALL_IN_BROKER in the environment: whole suites run so.
bool runs_in_broker();

struct NodeProcessSettings {
    std::string broker;  // tcp://127.0.0.1:PORT; not for a node inside one
    std::string region = "test";
    std::string node = "node";
    std::string config;                      // the text of a TOML file; empty: none
    std::vector<std::string> flags;          // more of them, e.g. "--log.level", "debug"
    std::string program{};                   // another flyball-node than the one that was built
    std::vector<std::string> environment{};  // NAME=VALUE, of the process that the node is in
    bool in_broker = runs_in_broker();
};

class NodeProcess {
public:
    explicit NodeProcess(NodeProcessSettings settings);
    ~NodeProcess();
    NodeProcess(const NodeProcess&) = delete;
    NodeProcess& operator=(const NodeProcess&) = delete;

    void start();    // again, after stop() or kill()
    void launch();   // the same without waiting until it is online
    int stop();      // SIGTERM; the exit status
    void kill();     // SIGKILL and wait
    int wait();      // until it ends by itself; the exit status, -1 when it does not within 10 s
    bool running();  // false once it has ended by itself
    std::string log() const;

    pid_t pid() const { return home_ ? home_->pid() : pid_; }
    std::string broker() const;  // where its clients connect
    Broker* home() { return home_.get(); }
    std::string root() const;  // flyball/v1/<region>/<node>
    const std::filesystem::path& folder() const { return folder_; }

private:
    std::optional<int> end(int signal);
    void await_online();

    void launch_in_broker();
    int wait_in_broker();

    NodeProcessSettings settings_;
    std::unique_ptr<Broker> home_;  // of a node inside it
    std::filesystem::path folder_;
    pid_t pid_ = -1;
    std::int64_t started_at_ = 0;  // of the last health report that said `online`
};

}  // namespace flyball::testing
