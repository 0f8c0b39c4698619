#pragma once
// A fleet's load: connects (one MQTT connection for each broker, all at once), opens accounts, asks
// by a schedule on a thread of its own, and tells at any time what has come back. Every call may
// come from any thread, and is short but for open(), run() and stop(). Bounded by what
// generator.h bounds.

#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "fleet/bus.h"
#include "fleet/load/generator.h"

namespace flyball {

struct WorkloadOptions {
    BusOptions bus;  // logins, TLS, prefix, time-out; each device says its broker
    DeviceGovernors governors;
    LoadMix mix;
    unsigned tenants = 100;  // of each device
    std::string tenant_stem = "tenant-";
    std::uint64_t seed = 1;
    bool open_accounts = true;
};

class Workload {
public:
    // `checker` (may be null) is fed from the workload's thread: hold lock() to read it.
    Workload(std::vector<Device> devices, WorkloadOptions options, checker::FleetChecker* checker);
    ~Workload();
    Workload(const Workload&) = delete;
    Workload& operator=(const Workload&) = delete;

    // Connected, all accounts and subscriptions open. Fails (unavailable) with who did not answer.
    // `stop_fd` readable ends it early.
    Result<bool> open(Deadline deadline, int stop_fd = -1);
    bool connected() const;  // to every broker
    void start(const Schedule& schedule);
    LiveFigures live() const;
    // Nothing more is asked; waits for what is under way, and for retries up to `retries_for`.
    LoadFigures stop(Span retries_for = Span{5'000});
    // start(), `length` later or at a readable `stop_fd` stop().
    LoadFigures run(const Schedule& schedule, Span length, int stop_fd = -1);
    // Forgets the load's tenants in every governor.
    Result<bool> clear_accounts(Deadline deadline);

    // "eu-west" or "eu-west/pi-7"; `state_lost`: its process died. To be called before whatever
    // died is started again.
    void fault_begins(const std::string& where, bool state_lost);
    void fault_ended(const std::string& where);
    // What a node told of itself, in the order in which it arrived.
    void counted(const std::string& node, const HealthCount& count);
    void add(const Device& device);  // it is asked once its accounts are open
    void remove(const std::string& node);

    [[nodiscard]] std::unique_lock<std::mutex> lock() const { return std::unique_lock(mutex_); }

private:
    Result<LoadLink*> link_to(const std::string& broker);
    Result<bool> wait_until_open(Deadline deadline, int stop_fd);
    void loop();

    WorkloadOptions options_;
    int wake_fd_;
    mutable std::mutex mutex_;  // guards all below but the thread
    std::condition_variable turned_;
    std::map<std::string, std::unique_ptr<LoadLink>> links_;  // by broker
    Generator generator_;
    std::string refused_;  // an address that cannot be right
    bool eager_ = false;   // as fast as answers come: replies are looked at at once
    bool quit_ = false;
    std::jthread thread_;
};

}  // namespace flyball
