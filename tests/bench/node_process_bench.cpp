// A real flyball-node with 30 governors beside a bare Paho C++ echo, each behind the same broker:
// private memory and RSS once both answer, and the time from exec to the retained `online` of nine
// starts. Prints each figure beside its bound; exits 1 when one is missed, or a process ends early.

#include <fcntl.h>
#include <fmt/core.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/build_tree.h"
#include "tests/e2e/broker.h"
#include "tests/e2e/bus_client.h"

namespace {

using flyball::Message;
using flyball::Span;
using flyball::testing::Broker;
using flyball::testing::built;
using flyball::testing::BusClient;
using flyball::testing::node_program;

constexpr int starts = 9;
constexpr int governors = 30;

struct Memory {
    std::uint64_t private_kb = 0;
    std::uint64_t rss_kb = 0;
    std::uint64_t pss_kb = 0;
};

Memory memory_of(pid_t pid) {
    std::ifstream smaps("/proc/" + std::to_string(pid) + "/smaps_rollup");
    Memory memory;
    std::string line;
    while (std::getline(smaps, line)) {
        const auto kb_of = [&line] { return std::stoull(line.substr(line.find(':') + 1)); };
        // Clean private pages are the program's own file as long as no second node shares it.
        if (line.starts_with("Private_Dirty:")) {
            memory.private_kb = kb_of();
        } else if (line.starts_with("Rss:")) {
            memory.rss_kb = kb_of();
        } else if (line.starts_with("Pss:")) {
            memory.pss_kb = kb_of();
        }
    }
    return memory;
}

class Process {
public:
    // `ended`: by us, with SIGTERM; else it ends by itself.
    explicit Process(std::vector<std::string> arguments, bool ended = true)
        : name_(arguments[0]), ended_(ended) {
        std::vector<char*> argv;
        for (std::string& argument : arguments) {
            argv.push_back(argument.data());
        }
        argv.push_back(nullptr);
        posix_spawn_file_actions_t actions;
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
        const int failed = posix_spawn(&pid_, argv[0], &actions, nullptr, argv.data(), environ);
        posix_spawn_file_actions_destroy(&actions);
        if (failed != 0) {
            fmt::print(stderr, "cannot start {}\n", arguments[0]);
            std::exit(1);
        }
    }
    ~Process() {
        if (pid_ > 0 && ended_) {
            ::kill(pid_, SIGTERM);
        }
        if (pid_ > 0) {
            ::waitpid(pid_, nullptr, 0);
        }
    }
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;
    pid_t pid() const { return pid_; }
    // Whoever waits for its answer would wait for nothing.
    void expect_running() {
        int status = 0;
        if (::waitpid(pid_, &status, WNOHANG) == pid_) {
            fmt::print(stderr, "{} ended with {} {}\n", name_,
                       WIFSIGNALED(status) ? "signal" : "exit status",
                       WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
            std::exit(1);
        }
    }

private:
    std::string name_;
    bool ended_;
    pid_t pid_ = -1;
};

std::string thirty_governors() {
    std::string config;
    for (int i = 1; i < governors; ++i) {
        config += fmt::format("[governor.quota.g{}]\n", i);
    }
    return config;
}

// A responder that has not subscribed yet loses what is asked of it.
bool answers(BusClient& client, const Message& message) {
    try {
        client.ask(message, Span{200});
        return true;
    } catch (const std::runtime_error&) {
        return false;
    }
}

// Requests until one is answered, then some more: what a process has once it works.
void warm_up(BusClient& client, Process& responder, const std::string& topic,
             const std::string& payload) {
    Message message;
    message.topic = topic;
    message.payload = payload;
    message.response_topic = "bench/reply/1";
    message.has_response_topic = true;
    for (int tries = 0; !answers(client, message); ++tries) {
        responder.expect_running();
        if (tries == 100) {
            fmt::print(stderr, "no answer on {}\n", topic);
            std::exit(1);
        }
    }
    for (int i = 0; i < 500; ++i) {
        client.ask(message, Span{20'000});
    }
}

bool report(const char* what, double value, double bound, const char* unit) {
    const bool met = value <= bound;
    fmt::print("{:<52} {:>9.1f} {:<3} bound {:>7.1f}  ratio {:>4.2f}  {}\n", what, value, unit,
               bound, value / bound, met ? "met" : "MISSED");
    return met;
}

constexpr const char* root = "flyball/v1/bench/node";

std::vector<std::string> node_command(const Broker& broker, const std::string& config) {
    return {node_program(),  "--config",    config,
            "--region",      "bench",       "--node",
            "node",          "--state.dir", broker.folder() / "state",
            "--log.level",   "error",       "--mqtt.broker",
            broker.address()};
}

// Waits for a birth; stopped nodes leave `offline` behind. Returns its startup_ms: from the
// program's first line to the last SUBACK. (This client's own Paho may sleep 100 ms on the news.)
double await_online(BusClient& client) {
    const auto birth = client.await(
        [](const BusClient::Arrived& arrived) {
            return arrived.payload.starts_with(R"({"status":"online")");
        },
        Span{20'000});
    constexpr std::string_view key = R"("startup_ms":)";
    return std::stod(birth.payload.substr(birth.payload.find(key) + key.size()));
}

// What comes before the program's first line, and a little more: exec, linking, exit.
double exec_ms() {
    const auto begun = std::chrono::steady_clock::now();
    { const Process version({node_program(), "--version"}, false); }
    const std::chrono::duration<double, std::milli> spent =
        std::chrono::steady_clock::now() - begun;
    return spent.count();
}

bool compare_memory(const Broker& broker, const std::string& config) {
    const std::string echo_topic = "bench/request";
    Process echo({built("bin/bench_paho_echo"), std::to_string(broker.port()), echo_topic});
    Process node(node_command(broker, config));
    BusClient client(broker.address(), {"bench/reply/1"});
    warm_up(client, echo, echo_topic, "ping");
    for (int i = 1; i < governors; ++i) {
        warm_up(client, node, fmt::format("{}/quota/g{}/request", root, i),
                R"({"tenant":"acme","id":7})");
    }
    const Memory bare = memory_of(echo.pid());
    const Memory ours = memory_of(node.pid());
    fmt::print("bare Paho C++ echo: private dirty {} kB, RSS {} kB, PSS {} kB\n", bare.private_kb,
               bare.rss_kb, bare.pss_kb);
    fmt::print("node, {} governors:  private dirty {} kB, RSS {} kB, PSS {} kB\n\n", governors,
               ours.private_kb, ours.rss_kb, ours.pss_kb);
    const auto mb = [](std::uint64_t kb) { return static_cast<double>(kb) / 1024; };
    bool met = report("node, 30 governors: private memory", mb(ours.private_kb), 2.0, "MB");
    met &= report("node, 30 governors: RSS above the bare echo", mb(ours.rss_kb) - mb(bare.rss_kb),
                  3.0, "MB");
    return met;
}

bool measure_starts(const Broker& broker, const std::string& config) {
    BusClient client(broker.address(), {std::string(root) + "/health"});
    std::vector<double> ms;
    for (int i = 0; i < starts; ++i) {
        const double before = exec_ms();
        const Process node(node_command(broker, config));
        ms.push_back(before + await_online(client));
    }
    std::ranges::sort(ms);
    bool met = report("exec to subscribed, median of 9", ms[starts / 2], 50, "ms");
    met &= report("exec to subscribed, worst of 9", ms.back(), 200, "ms");
    return met;
}

}  // namespace

int main() {
    const Broker broker;
    const std::string config = broker.folder() / "node.toml";
    std::ofstream(config) << thirty_governors();
    const bool small = compare_memory(broker, config);
    const bool quick = measure_starts(broker, config);
    return small && quick ? 0 : 1;
}
