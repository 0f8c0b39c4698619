#pragma once
// The fleet's brokers: a Mosquitto for each region and a hub that sees every region's health and
// events, each with a generated configuration in the run's folder. Those that die are started
// again, on their port. Main thread.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fleet/clock.h"
#include "fleet/run/fleet_identity.h"
#include "fleet/run/relay.h"
#include "fleet/run/spawner.h"

namespace flyball {

// What a broker's file says. Pure.
struct BrokerConfig {
    std::uint16_t port = 0;
    std::uint16_t websockets = 0;  // 0: none
    std::uint16_t uplink = 0;      // 0: the hub, which has none
    std::string region;            // of a broker with an uplink
    std::string prefix = "flyball/v1";
    std::string guests{};    // lines about the nodes that live in it
    std::string listener{};  // more lines, of TLS
    std::string bridge{};    // likewise, of the uplink
};
std::string broker_config(const BrokerConfig& file, bool root);

struct BrokerPlace {
    std::string name;  // "hub" or the region
    std::uint16_t port = 0;
    pid_t pid = 0;  // 0: it is down
    bool tls = false;
    std::string address() const;
};

struct BrokerRestart {
    std::string name;
    Span down{};  // from its end to its port answering again
};

class Brokers {
public:
    struct Options {
        std::string folder;  // of the run
        std::vector<std::string> regions;
        std::string program;
        const FleetIdentity* identity = nullptr;  // null: without TLS; outlives them
    };
    // Their files, with ports that are free; start() starts them and waits until all answer.
    static Result<std::unique_ptr<Brokers>> make(Spawner& spawner, const Options& options);
    // Before start(): the lines of that region's broker about the nodes that live in it.
    Result<void> house(const std::string& region, const std::string& guests);
    Result<void> start();
    const std::vector<BrokerPlace>& places() const { return places_; }  // the hub first
    const BrokerPlace* find(const std::string& name) const;
    std::string websockets() const;
    Relay& relay() { return *relay_; }

    // Whether it was one of ours; it is started again by tick().
    bool ended(pid_t pid);
    void kill(std::size_t index) const;  // SIGKILL
    // Starts what is due; those that answer again since the last call.
    std::vector<BrokerRestart> tick();
    bool all_up() const;

private:
    Brokers(Spawner& spawner, const Options& options)
        : spawner_(spawner),
          folder_(options.folder),
          program_(options.program),
          identity_(options.identity) {}
    Result<void> launch(BrokerPlace& place);
    Result<void> write_files(const std::vector<std::string>& regions);
    Result<void> write_file(const BrokerPlace& place, const std::string& guests) const;
    Result<void> await_launched() const;

    struct Down {
        std::string name;
        Deadline since;
        Deadline next_start;
    };
    Spawner& spawner_;
    std::string folder_;
    std::string program_;
    const FleetIdentity* identity_;
    std::uint16_t websockets_ = 0;
    std::vector<BrokerPlace> places_;
    std::vector<Down> down_;
    std::unique_ptr<Relay> relay_;
};

}  // namespace flyball
