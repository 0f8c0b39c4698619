#pragma once
// A running fleet: its processes, its hub's messages, its faults and whoever talks to it on the
// control topic. One loop in turns; nothing blocks longer than a turn. Everything it started ends
// with it, or with the reaper. Main thread.

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "fleet/bus.h"
#include "fleet/interrupt.h"
#include "fleet/run/broker_faults.h"
#include "fleet/run/brokers.h"
#include "fleet/run/chaos.h"
#include "fleet/run/devices.h"
#include "fleet/run/fleet_watcher.h"
#include "fleet/run/plan.h"
#include "fleet/run/reaper.h"
#include "fleet/run/spawner.h"

namespace flyball {

struct FleetPrograms {
    std::string node;
    std::string broker;
    std::string plugin;  // the node as the broker's plugin
};

class FleetMachine {
public:
    // Everything is started but the devices, whose starts begin with the first turn.
    static Result<std::unique_ptr<FleetMachine>> start(const Plan& plan, FleetPrograms programs);
    ~FleetMachine();
    FleetMachine(const FleetMachine&) = delete;
    FleetMachine& operator=(const FleetMachine&) = delete;

    enum class Turn : std::uint8_t { going_on, asked_to_stop, broken };
    // Until `deadline`, an arrival or a change, whichever is first; at most turn_max.
    Turn turn(Deadline deadline);
    static constexpr Span turn_max{100};

    void watched_by(FleetWatcher* watcher) { watcher_ = watcher; }
    void begin_chaos();
    void end_chaos();   // no new faults; what is paused or cut comes back in its time
    bool calm() const;  // everything is up again

    const std::string& run() const { return run_; }
    const Plan& plan() const { return plan_; }
    const Devices& devices() const { return *devices_; }
    const Brokers& brokers() const { return *brokers_; }
    const std::string& folder() const { return reaper_->folder(); }
    int stop_fd() const { return interrupt_.fd(); }
    bool interrupted() const { return interrupt_.seen(); }  // by a signal, not by `fleet stop`
    std::uint64_t faults() const { return faults_; }
    const BusOptions& bus_options() const { return bus_options_; }  // of the hub
    // The fork-server's too; the regions' brokers, when the devices live in them.
    std::vector<pid_t> node_pids() const;
    std::vector<pid_t> broker_pids() const;    // without those
    Deadline began() const { return began_; }  // when the first device could start
    std::string why_broken() const;
    // By the brokers' own count, which they tell every second; a restart begins it anew.
    std::uint64_t messages_dropped() const;
    // Why fleet.json does not name this run; empty: it does.
    const std::string& file_trouble() const { return file_trouble_; }
    // Nodes beside the fleet, of the kind that the fleet's are not (plain or forked), behind the
    // first region's broker, to measure: no load, no supervision.
    Result<void> start_spares(int count);
    bool spares_up() const { return spares_online_.size() == spares_.size(); }
    const std::vector<pid_t>& spares() const { return spares_; }
    static NodeName spare_name(const std::string& region, int number);
    void stop_spares();
    void phase(std::string name) { phase_ = std::move(name); }  // for `fleet status`
    void keep_states();  // end in order, and leave the folder

private:
    FleetMachine() = default;
    Result<void> prepare(FleetPrograms programs);
    Result<void> start_brokers(const FleetPrograms& programs);
    Result<void> add_devices(const std::string& plugin);
    Result<void> connect();
    Result<void> connect_regions();
    bool is_spare(const NodeName& name) const;
    Result<std::string> mqtt_lines(const NodeName& name) const;
    void announce();
    void take(const Arrived& arrived, const std::string& broker);
    void take_ended();
    void tell_joined();
    void take_chaos();
    void hit(const ChaosFault& fault);
    void rejoin_cut_lines();
    Json obey(const Json& request);
    Json status() const;
    Json scale(const Json& request);
    Json kill(const Json& request);
    const FleetDevice* pick_up(std::uint64_t pick) const;

    struct Cut {
        std::string region;
        Deadline until;
    };
    void broker_ends(const std::string& name);
    void broker_ended(const BrokerPlace& place);
    void take_broker_restarts();
    Interrupt interrupt_;
    Plan plan_;
    std::string run_;
    std::string phase_ = "starting";
    BusOptions bus_options_;
    std::unique_ptr<Reaper> reaper_;
    std::unique_ptr<Spawner> spawner_;
    std::unique_ptr<FleetIdentity> identity_;  // null: without TLS
    std::unique_ptr<Brokers> brokers_;
    std::unique_ptr<Devices> devices_;
    std::unique_ptr<Bus> bus_;  // to the hub
    // To each region's broker, by name: what a cut line keeps from the hub is seen there.
    std::map<std::string, std::unique_ptr<Bus>> region_buses_;
    std::string file_trouble_;
    std::unique_ptr<Chaos> chaos_;
    Deadline chaos_began_{};
    FleetWatcher* watcher_ = nullptr;
    std::vector<Cut> cuts_;
    BrokerFaults broker_faults_;
    std::vector<pid_t> spares_;
    std::set<std::string> spares_online_;
    pid_t fork_server_ = 0;
    Deadline began_{};
    int wake_ = -1;  // an epoll descriptor: a signal, or news of a process
    bool stop_asked_ = false;
    std::uint64_t faults_ = 0;
    std::map<std::string, std::uint64_t> dropped_;  // by a broker, as it last said
    std::uint64_t dropped_before_ = 0;              // by brokers that are gone
};

}  // namespace flyball
