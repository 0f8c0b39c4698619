#include "fleet/run/machine.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <ctime>
#include <filesystem>

#include "fleet/health_report.h"
#include "fleet/run/fleet_file.h"
#include "schemas/topic.h"

namespace flyball {
namespace {

constexpr int messages_a_turn = 500;  // then processes are looked after, whatever else waits

std::string make_run_name() {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(wall_now());
    return fmt::format("fleet-{:%Y%m%d-%H%M%S}-{}", seconds, random_hex(4));
}

Result<void> watch_descriptor(int epoll, int fd) {
    epoll_event event{};
    event.events = EPOLLIN;
    if (::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0) {
        return Error{ErrorCode::internal, "a descriptor cannot be watched"};
    }
    return {};
}

}  // namespace

Result<std::unique_ptr<FleetMachine>> FleetMachine::start(const Plan& plan,
                                                          FleetPrograms programs) {
    std::unique_ptr<FleetMachine> machine(new FleetMachine());
    machine->plan_ = plan;
    machine->run_ = make_run_name();
    if (auto prepared = machine->prepare(std::move(programs)); !prepared) {
        return prepared.error();
    }
    if (auto connected = machine->connect(); !connected) {
        return connected.error();
    }
    return machine;
}

FleetMachine::~FleetMachine() {
    bus_.reset();
    brokers_.reset();
    reaper_.reset();  // last: it ends all processes and removes what they left
    if (wake_ >= 0) {
        ::close(wake_);
    }
}

Result<void> FleetMachine::prepare(FleetPrograms programs) {
    if (programs.node.empty()) {
        return Error{ErrorCode::unavailable,
                     "flyball-node is neither beside this program nor on PATH"};
    }
    auto reaper = Reaper::start(std::filesystem::temp_directory_path(), run_, fleet_file_path());
    if (!reaper) {
        return reaper.error();
    }
    reaper_ = *std::move(reaper);
    if (plan_.keep) {
        reaper_->keep_folder();
    }
    spawner_ = std::make_unique<Spawner>(*reaper_, programs.node);
    std::vector<std::string> regions;
    for (const RegionSize& region : plan_.regions) {
        regions.push_back(region.name);
    }
    auto brokers = Brokers::start(*spawner_, reaper_->folder(), regions, programs.broker);
    if (!brokers) {
        return brokers.error();
    }
    brokers_ = *std::move(brokers);
    if (!plan_.isolate) {
        const auto server = spawner_->start_fork_server();
        if (!server) {
            return server.error();
        }
        fork_server_ = *server;
    }
    Devices::Options options;
    options.governors = plan_.governors;
    options.prefix = bus_options_.prefix;
    options.folder = reaper_->folder();
    options.broker = [this](const std::string& region) {
        return brokers_->find(region)->address();
    };
    devices_ = std::make_unique<Devices>(*spawner_, std::move(options));
    for (const RegionSize& region : plan_.regions) {
        if (auto added = devices_->add(region.name, region.devices); !added) {
            return added.error();
        }
    }
    return {};
}

Result<void> FleetMachine::connect() {
    bus_options_.broker = brokers_->places().front().address();
    auto bus = Bus::connect(
        bus_options_, {bus_options_.prefix + "/+/+/health", bus_options_.prefix + "/+/+/+/+/event",
                       fleet_control_topic(run_)});
    if (!bus) {
        return bus.error();
    }
    bus_ = *std::move(bus);
    wake_ = ::epoll_create1(EPOLL_CLOEXEC);
    std::vector<int> watched = spawner_->fds();
    watched.push_back(interrupt_.fd());
    for (const int fd : watched) {
        if (auto added = watch_descriptor(wake_, fd); !added) {
            return added.error();
        }
    }
    return write_fleet_file(fleet_file_path(), {run_, bus_options_.broker, brokers_->websockets()});
}

FleetMachine::Turn FleetMachine::turn(Deadline deadline) {
    const Deadline latest = deadline_after(turn_max);
    // All that waits: a fleet under load tells of a thousand events a second, and a restart that is
    // behind them must not look slow.
    auto arrived = bus_->next(std::min(deadline, latest), wake_);
    for (int taken = 0; arrived && taken < messages_a_turn; ++taken) {
        take(*arrived);
        arrived = bus_->next(deadline_after(Span(0)));
    }
    if (arrived) {
        take(*arrived);
    }
    take_ended();
    devices_->tick();
    take_broker_restarts();
    rejoin_cut_lines();
    take_chaos();
    for (const FaultOver& fault : devices_->recovered()) {
        if (watcher_ != nullptr) {
            watcher_->fault_over(fault);
        }
    }
    if (spawner_->broken()) {
        return Turn::broken;
    }
    return interrupt_.seen() || stop_asked_ ? Turn::asked_to_stop : Turn::going_on;
}

void FleetMachine::take(const Arrived& arrived) {
    if (arrived.topic == fleet_control_topic(run_)) {
        const auto request = decode_payload(arrived.payload);
        bus_->answer(arrived, obey(request.value_or(Json())));
        return;
    }
    const auto name = node_of_topic(arrived.topic, bus_options_.prefix);
    if (!name) {
        return;
    }
    if (arrived.topic.ends_with("/event")) {
        if (watcher_ != nullptr) {
            watcher_->event(*name, arrived.payload);
        }
        return;
    }
    const auto report = parse_json(arrived.payload);
    const FleetDevice* device = devices_->find(*name);
    const bool first = device != nullptr && device->presence.session() == 0;
    if (report && devices_->heard(*name, *report, arrived.retained) && first &&
        watcher_ != nullptr) {
        watcher_->joined(*name, brokers_->find(name->region)->address());
    }
}

void FleetMachine::take_ended() {
    for (const Ended& ended : spawner_->poll()) {
        const auto place = std::ranges::find(brokers_->places(), ended.pid, &BrokerPlace::pid);
        if (place != brokers_->places().end()) {
            broker_fault(place->name);
            brokers_->ended(ended.pid);
            continue;
        }
        const auto device =
            std::ranges::find(devices_->all(), ended.pid, [](const auto& one) { return one.pid; });
        // One that was told to leave is gone for its watcher already.
        const bool expected = device == devices_->all().end() || !device->cause.empty() ||
                              device->state == DeviceState::leaving;
        if (!expected && watcher_ != nullptr) {
            watcher_->fault_begins(device->name.text(), true);
        }
        devices_->ended(ended);
    }
}

bool FleetMachine::calm() const {
    return devices_->all_up() && brokers_->all_up() && cuts_.empty() && broker_faults_.empty();
}

std::vector<pid_t> FleetMachine::node_pids() const {
    std::vector<pid_t> pids;
    for (const FleetDevice& device : devices_->all()) {
        if (device.pid > 0) {
            pids.push_back(device.pid);
        }
    }
    if (fork_server_ > 0) {
        pids.push_back(fork_server_);
    }
    return pids;
}

std::vector<pid_t> FleetMachine::broker_pids() const {
    std::vector<pid_t> pids;
    for (const BrokerPlace& place : brokers_->places()) {
        if (place.pid > 0) {
            pids.push_back(place.pid);
        }
    }
    return pids;
}

std::string FleetMachine::why_broken() const {
    return "the process that starts nodes ended; its log is " + folder() + "/fork-server.log";
}

std::uint64_t FleetMachine::messages_dropped() {
    constexpr Span patience{2000};
    std::uint64_t sum = dropped_before_;
    for (const BrokerPlace& place : brokers_->places()) {
        BusOptions options = bus_options_;
        options.broker = place.address();
        options.timeout = patience;
        auto bus = Bus::connect(options, {"$SYS/broker/publish/messages/dropped"});
        const auto count = bus ? (*bus)->next(deadline_after(patience)) : std::nullopt;
        if (count) {
            std::uint64_t dropped = 0;
            std::from_chars(count->payload.data(), count->payload.data() + count->payload.size(),
                            dropped);
            sum += dropped;
        }
    }
    return sum;
}

void FleetMachine::keep_states() {
    reaper_->end_in_order();
}

}  // namespace flyball
