#pragma once
// The lines between the regions' brokers and the hub: each a loopback port that passes bytes on,
// so that a region can be cut off without touching what runs at its ends. One thread of its own
// moves the bytes; cut() and join() may be called from any other. Bounded: 64 KiB under way in each
// direction of a connection, then whoever sends waits.

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "schemas/result.h"

namespace flyball {

class Relay {
public:
    // A line for each name, all to 127.0.0.1:`hub_port`.
    static Result<std::unique_ptr<Relay>> make(const std::vector<std::string>& names,
                                               std::uint16_t hub_port);
    ~Relay();
    Relay(const Relay&) = delete;
    Relay& operator=(const Relay&) = delete;

    std::uint16_t port(const std::string& name) const;  // 0: no such line
    // A cut line closes what is connected and every attempt to connect anew.
    void cut(const std::string& name) { set_cut(name, true); }
    void join(const std::string& name) { set_cut(name, false); }

private:
    struct Line {
        std::string name;
        int listener = -1;
        std::uint16_t port = 0;
        std::atomic<bool> cut{false};
    };
    struct Flow {  // one direction
        std::vector<char> bytes;
        std::size_t sent = 0;
    };
    struct Link {
        Line* line;
        int region;
        int hub;
        Flow up, down;
    };

    Relay(std::uint16_t hub_port, int wake) : hub_port_(hub_port), wake_(wake) {}
    void set_cut(const std::string& name, bool cut);
    void run();
    void accept(Line& line);
    static bool pump(int from, int to, Flow& flow, short readable);
    void drop_cut_links();

    std::uint16_t hub_port_;
    int wake_;                                  // an eventfd: something changed
    std::vector<std::unique_ptr<Line>> lines_;  // fixed once the thread runs
    std::vector<Link> links_;                   // the thread's own
    std::atomic<bool> stopping_{false};
    std::thread thread_;
};

}  // namespace flyball
