#pragma once
// The load on a fleet and what is measured meanwhile: the workload and its checker hear of every
// fault, memory and processor time are sampled, restarts are written down. Main thread.

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "fleet/checker/fleet_checker.h"
#include "fleet/load/workload.h"
#include "fleet/report/fleet_figures.h"
#include "fleet/run/machine.h"

namespace flyball {

class FleetLoad : public FleetWatcher {
public:
    explicit FleetLoad(const FleetMachine& machine);

    Workload& workload() { return workload_; }
    void begin();   // the load starts now: times count from here
    void sample();  // every sample_every, in no time at all otherwise
    void end();     // the load is over: the last sample, and what comes now is not its doing
    static constexpr Span sample_every{5'000};
    // All that is known here, into the report's figures.
    void write(FleetFigures& figures);

    void fault_begins(const std::string& where, bool state_lost) override;
    void fault_over(const FaultOver& fault) override;
    void joined(const NodeName& name, const std::string& broker) override;
    void left(const NodeName& name) override;
    void event(const NodeName& name, const std::string& payload) override;
    void health(const NodeName& name, const Json& report) override;

private:
    double since_start() const;
    // Processor time of all processes of a kind that there ever were, as far as was seen.
    class CpuClock {
    public:
        void look(const std::vector<pid_t>& pids, bool count);
        double seconds() const;

    private:
        struct Seen {
            double first;
            double last;
        };
        std::map<pid_t, Seen> seen_;
    };

    const FleetMachine& machine_;
    checker::FleetChecker checker_;
    Workload workload_;
    Deadline began_{};
    Deadline next_sample_{};
    bool loading_ = false;
    CpuClock nodes_, brokers_, tool_;
    std::vector<MemorySample> samples_;
    std::vector<Restart> restarts_;
    static constexpr std::size_t events_remembered = 32;  // of a node: more than are under way
    std::map<std::string, std::deque<std::string>> events_;
};

}  // namespace flyball
