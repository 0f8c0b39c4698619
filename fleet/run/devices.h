#pragma once
// The fleet's devices and who looks after them: each a flyball-node with a folder, a configuration
// and a state of its own, started in waves, started again when it ends, with back-off. What it
// knows comes from the spawner (a process ended) and from health (a node is up). Main thread.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "fleet/clock.h"
#include "fleet/node_name.h"
#include "fleet/payload.h"
#include "fleet/run/plan.h"
#include "fleet/run/presence.h"
#include "fleet/run/spawner.h"

namespace flyball {

// `lost`: its process lives, but by its health it is not there.
enum class DeviceState : std::uint8_t { waiting, starting, up, lost, paused, leaving };
std::string_view to_text(DeviceState state);

struct FleetDevice {
    NodeName name;
    std::string folder;
    DeviceState state = DeviceState::waiting;
    pid_t pid = 0;  // 0: no process, or one inside its region's broker
    Presence presence{Span(0)};
    Deadline since{};    // of this state
    Deadline came_up{};  // of this start
    Deadline next_start{};
    int failures = 0;  // starts in a row that did not last
    int restarts = 0;
    bool joined = false;  // told by joined()
    std::string cause;    // of the fault that it is recovering from; empty: none
    Deadline fault_at{};  // when it began: for a kill of ours before anybody noticed
    Span detect{};        // until the supervisor knew
    std::optional<std::int64_t> startup_ms;  // by its own clock, of the first start
    std::uint64_t governor_bytes = 0;        // by its last health report
    std::size_t governors_up = 0;
};

// A fault that is over.
struct FaultOver {
    std::string node;
    std::string cause;
    Span detect{};   // from the fault to the supervisor's knowing
    Span restart{};  // from there until health said online
};

class Devices {
public:
    struct Options {
        int governors = 30;
        Span health_interval{10'000};
        std::string prefix = "flyball/v1";
        std::string folder;
        bool in_broker = false;  // started and ended with its region's broker
        // Lines of a device's [mqtt]: where it connects and how.
        std::function<Result<std::string>(const NodeName& name)> mqtt;
    };
    Devices(Spawner& spawner, Options options) : spawner_(spawner), options_(std::move(options)) {}

    // Each with a name that is free in its region; they start with the next ticks, or with their
    // broker.
    Result<void> add(const std::string& region, int count);
    // The ones with the highest numbers leave: SIGTERM. Their names.
    std::vector<NodeName> remove(const std::string& region, int count);

    void tick();
    bool ended(const Ended& ended);
    // A health report. `retained`: the broker kept it.
    void heard(const NodeName& name, const Json& report, bool retained);
    // Both false when there is no such device, or nothing to hit.
    bool kill(const NodeName& name, std::string_view cause);
    bool pause(const NodeName& name);

    const std::vector<FleetDevice>& all() const { return devices_; }
    const FleetDevice* find(const NodeName& name) const;
    std::vector<std::string> regions() const;
    int up(std::string_view region) const;     // empty: of all
    int total(std::string_view region) const;  // without those that leave
    bool all_up() const { return up("") == total(""); }
    std::vector<FaultOver> recovered();  // since the last call
    std::vector<NodeName> joined();      // who is up and was in no answer before

private:
    FleetDevice* find_mutable(const NodeName& name);
    Result<void> write_files(const FleetDevice& device) const;
    void launch(FleetDevice& device);
    void enter(FleetDevice& device, DeviceState state);

    Spawner& spawner_;
    Options options_;
    std::vector<FleetDevice> devices_;
    std::vector<FaultOver> recovered_;
};

// A device's configuration file; `mqtt`: the lines of that table. Pure.
std::string device_config(const NodeName& name, const std::string& mqtt,
                          const std::string& state_folder, int governors, Span health_interval);

}  // namespace flyball
