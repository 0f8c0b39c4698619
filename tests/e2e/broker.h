#pragma once
// A real Mosquitto on a free loopback port, for tests: generated configuration in a folder of its
// own, started on construction, killed by its pid on destruction and, by the kernel, when the test
// dies. One thread.

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace flyball::testing {

struct BrokerSettings {
    std::string extra{};                     // more configuration lines, before the listener
    std::string listener{};                  // more lines of the listener, e.g. certificates
    bool anonymous = true;                   // false: `extra` says who may log in
    std::vector<std::string> environment{};  // NAME=VALUE, of the broker's process
    std::uint16_t port = 0;                  // 0: a free one
};

class Broker {
public:
    // Throws with the broker's log when it does not come up.
    explicit Broker(const BrokerSettings& settings = {});
    ~Broker();
    Broker(const Broker&) = delete;
    Broker& operator=(const Broker&) = delete;

    void start();    // on the same port again
    int stop();      // SIGTERM and wait; the exit status, -1 when it did not end by itself
    void reload();   // SIGHUP
    bool running();  // false once it has ended by itself
    void kill();     // SIGKILL and wait: no will of anybody is published
    void pause();    // SIGSTOP: half-open connections
    void resume();   // SIGCONT

    std::uint16_t port() const { return port_; }
    std::string address() const;  // tcp://127.0.0.1:PORT
    std::string log() const;
    pid_t pid() const { return pid_; }
    const std::filesystem::path& folder() const { return folder_; }

private:
    struct OnlyPrepared {};

    Broker(const BrokerSettings& settings, OnlyPrepared);
    int end(int signal);  // the status that waitpid gives; 0 when there is none
    void wait_for_port();

    std::filesystem::path folder_;
    std::vector<std::string> environment_;
    std::uint16_t port_;
    pid_t pid_ = -1;
};

// A loopback TCP port that nobody listens on.
std::uint16_t free_port();

}  // namespace flyball::testing
