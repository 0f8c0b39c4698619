#include "fleet/run/fleet_load.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>

#include "fleet/run/processes.h"
#include "fleet/typed_json.h"

namespace flyball {
namespace {

Device load_device(const NodeName& name, const std::string& broker) {
    return {name.region, name.node, broker};
}

std::vector<Device> devices_of(const FleetMachine& machine) {
    std::vector<Device> devices;
    for (const FleetDevice& device : machine.devices().all()) {
        if (device.state == DeviceState::up) {
            devices.push_back(
                load_device(device.name, machine.brokers().find(device.name.region)->address()));
        }
    }
    return devices;
}

WorkloadOptions options_of(const FleetMachine& machine) {
    WorkloadOptions options;
    options.bus = machine.bus_options();  // but for the broker, each device's own
    options.seed = machine.plan().seed;
    for (const TypeCount& type : spread_governors(machine.plan().governors)) {
        auto& names = options.governors.names[type.type];
        names.clear();
        for (int i = 0; i < type.count; ++i) {
            names.push_back(governor_name(i));
        }
    }
    return options;
}

std::uint64_t sum_pss(const std::vector<pid_t>& pids) {
    std::uint64_t sum = 0;
    for (const pid_t pid : pids) {
        sum += pss_bytes(pid);
    }
    return sum;
}

double milliseconds(Span span) {
    return static_cast<double>(span.count());
}

}  // namespace

FleetLoad::FleetLoad(const FleetMachine& machine)
    : machine_(machine), workload_(devices_of(machine), options_of(machine), &checker_) {}

void FleetLoad::CpuClock::look(const std::vector<pid_t>& pids, bool count) {
    for (const pid_t pid : pids) {
        const double now = cpu_seconds(pid);
        // Processes that start during the load count from their beginning.
        const auto [row, fresh] = seen_.try_emplace(pid, Seen{count ? 0 : now, now});
        row->second.last = std::max(row->second.last, now);
    }
}

double FleetLoad::CpuClock::seconds() const {
    double sum = 0;
    for (const auto& [pid, seen] : seen_) {
        sum += seen.last - seen.first;
    }
    return sum;
}

double FleetLoad::since_start() const {
    return std::chrono::duration<double>(deadline_after(Span(0)) - began_).count();
}

void FleetLoad::begin() {
    began_ = deadline_after(Span(0));
    nodes_.look(machine_.node_pids(), false);
    brokers_.look(machine_.broker_pids(), false);
    tool_.look({::getpid()}, false);
    loading_ = true;
    next_sample_ = began_;
}

void FleetLoad::end() {
    next_sample_ = deadline_after(Span(0));
    sample();
    loading_ = false;
}

void FleetLoad::sample() {
    if (!loading_ || left_until(next_sample_) > Span::zero()) {
        return;
    }
    next_sample_ = deadline_after(sample_every);
    const auto nodes = machine_.node_pids();
    const auto brokers = machine_.broker_pids();
    nodes_.look(nodes, true);
    brokers_.look(brokers, true);
    tool_.look({::getpid()}, true);
    samples_.push_back({since_start(), sum_pss(nodes), sum_pss(brokers), sum_pss({::getpid()})});
}

void FleetLoad::fault_begins(const std::string& where, bool state_lost) {
    workload_.fault_begins(where, state_lost);
}

void FleetLoad::fault_over(const FaultOver& fault) {
    const bool broker = fault.cause == "broker";
    // Through the hub nobody is asked: a line that is cut hits nobody who waits for an answer.
    if (fault.cause != "cut") {
        workload_.fault_ended(fault.node);
    }
    const double at =
        since_start() - (milliseconds(fault.detect) + milliseconds(fault.restart)) / 1000;
    restarts_.push_back({broker ? fault.node + "/broker" : fault.node, fault.cause,
                         std::max(at, 0.0), milliseconds(fault.detect),
                         milliseconds(fault.restart)});
}

void FleetLoad::joined(const NodeName& name, const std::string& broker) {
    workload_.add(load_device(name, broker));
}

void FleetLoad::left(const NodeName& name) {
    workload_.remove(name.text());
}

void FleetLoad::event(const NodeName& name, const std::string& payload) {
    // QoS 1: a line that broke before the hub's acknowledgement delivers the same bytes again.
    // Other bytes under a number that was there are the node's fault, and for the checker.
    std::deque<std::string>& seen = events_[name.text()];
    if (std::ranges::find(seen, payload) != seen.end()) {
        return;
    }
    seen.push_back(payload);
    if (seen.size() > events_remembered) {
        seen.pop_front();
    }
    const auto event = parse_json(payload);
    if (const auto number = event ? integer_at(*event, "n") : std::nullopt) {
        const auto held = workload_.lock();
        checker_.of(name.text()).told({{"n", *number}});
    }
}

void FleetLoad::health(const NodeName& name, const Json& report) {
    const auto requests = integer_at(map_at(report, "throughput"), "requests");
    if (requests && *requests >= 0) {
        workload_.counted(name.text(), {.at_ms = count_at(report, "at"),
                                        .started_at_ms = count_at(report, "started_at"),
                                        .requests = static_cast<std::uint64_t>(*requests)});
    }
}

void FleetLoad::write(FleetFigures& figures) {
    figures.cpu = {nodes_.seconds(), brokers_.seconds(), tool_.seconds()};
    figures.memory_samples = samples_;
    if (!samples_.empty()) {
        figures.memory = samples_.back();
    }
    figures.restarts = restarts_;
    const auto held = workload_.lock();
    figures.invariants = checker_.lines();
    figures.violations = checker_.violations();
}

}  // namespace flyball
