#include "fleet/run/machine.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <ctime>
#include <filesystem>
#include <future>
#include <numeric>

#include "fleet/health_report.h"
#include "fleet/run/fleet_file.h"
#include "fleet/typed_json.h"
#include "schemas/topic.h"

namespace flyball {
namespace {

constexpr const char* dropped_topic = "$SYS/broker/publish/messages/dropped";
constexpr int messages_a_turn = 500;  // then processes are looked after, whatever else waits

std::string make_run_name() {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(wall_now());
    return fmt::format("fleet-{:%Y%m%d-%H%M%S}-{}", seconds, random_hex(4));
}

FleetAddress address_of(const std::string& run, const BusOptions& hub, const Brokers& brokers) {
    return {run, hub.broker, brokers.websockets(), hub.ca_file, hub.cert_file, hub.key_file};
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
    region_buses_.clear();
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
    return start_brokers(programs);
}

Result<void> FleetMachine::start_brokers(const FleetPrograms& programs) {
    std::vector<std::string> regions;
    for (const RegionSize& region : plan_.regions) {
        regions.push_back(region.name);
    }
    if (plan_.tls) {
        auto identity = FleetIdentity::make(reaper_->folder());
        if (!identity) {
            return identity.error();
        }
        identity_ = *std::move(identity);
        bus_options_ = identity_->tool(bus_options_);
    }
    auto brokers =
        Brokers::make(*spawner_, {reaper_->folder(), regions, programs.broker, identity_.get()});
    if (!brokers) {
        return brokers.error();
    }
    brokers_ = *std::move(brokers);
    if (auto added = add_devices(programs.plugin); !added) {
        return added;
    }
    began_ = deadline_after(Span(0));
    if (auto started = brokers_->start(); !started) {
        return started;
    }
    if (!plan_.in_broker) {
        began_ = deadline_after(Span(0));  // devices are started by the turns that follow
    }
    if (plan_.isolate || plan_.in_broker) {
        return {};
    }
    const auto server = spawner_->start_fork_server(true);
    if (!server) {
        return server.error();
    }
    fork_server_ = *server;
    return {};
}

Result<void> FleetMachine::add_devices(const std::string& plugin) {
    Devices::Options options;
    options.governors = plan_.governors;
    options.prefix = bus_options_.prefix;
    options.folder = reaper_->folder();
    options.in_broker = plan_.in_broker;
    options.mqtt = [this](const NodeName& name) { return mqtt_lines(name); };
    devices_ = std::make_unique<Devices>(*spawner_, std::move(options));
    for (const RegionSize& region : plan_.regions) {
        if (auto added = devices_->add(region.name, region.devices); !added) {
            return added;
        }
    }
    if (!plan_.in_broker) {
        return {};
    }
    if (plugin.empty()) {
        return Error{ErrorCode::unavailable,
                     "flyball_mosquitto.so is neither beside this program (../lib) nor where "
                     "Mosquitto keeps plugins: --in-broker needs it"};
    }
    std::map<std::string, std::string> guests;
    for (const FleetDevice& device : devices_->all()) {
        std::string& lines = guests[device.name.region];
        lines += lines.empty() ? fmt::format("plugin {}\n", plugin) : "";
        lines += fmt::format("plugin_opt_config {}/node.toml\n", device.folder);
    }
    for (const auto& [region, lines] : guests) {
        if (auto written = brokers_->house(region, lines); !written) {
            return written;
        }
    }
    return {};
}

Result<std::string> FleetMachine::mqtt_lines(const NodeName& name) const {
    const std::string lines =
        fmt::format("broker = \"{}\"\n", brokers_->find(name.region)->address());
    const auto files = identity_ ? identity_->device(name) : Result<std::string>(std::string());
    return files ? Result<std::string>(lines + *files) : Result<std::string>(files.error());
}

// All at once: to a process that is connected already each further client takes a second and more.
Result<void> FleetMachine::connect_regions() {
    const std::string& prefix = bus_options_.prefix;
    std::vector<std::pair<std::string, std::future<Result<std::unique_ptr<Bus>>>>> connecting;
    for (const BrokerPlace& place : brokers_->places()) {
        const bool hub = &place == &brokers_->places().front();
        BusOptions options = bus_options_;
        options.broker = place.address();
        std::vector<std::string> filters{dropped_topic};
        if (hub) {
            filters.push_back(prefix + "/+/+/health");
            filters.push_back(fleet_control_topic(run_));
        } else {
            filters.push_back(prefix + "/" + place.name + "/+/health");
            filters.push_back(prefix + "/" + place.name + "/+/+/+/event");
        }
        connecting.emplace_back(place.name, std::async(std::launch::async, [options, filters] {
                                    return Bus::connect(options, filters);
                                }));
    }
    for (auto& [name, future] : connecting) {
        auto bus = future.get();
        if (!bus) {
            return bus.error();
        }
        region_buses_[name] = *std::move(bus);
    }
    bus_ = std::move(region_buses_.extract(brokers_->places().front().name).mapped());
    return {};
}

Result<void> FleetMachine::connect() {
    bus_options_.broker = brokers_->places().front().address();
    if (auto connected = connect_regions(); !connected) {
        return connected.error();
    }
    wake_ = ::epoll_create1(EPOLL_CLOEXEC);
    std::vector<int> watched = spawner_->fds();
    watched.push_back(interrupt_.fd());
    for (const auto& [name, bus] : region_buses_) {
        watched.push_back(bus->fd());
    }
    for (const int fd : watched) {
        if (auto added = watch_descriptor(wake_, fd); !added) {
            return added.error();
        }
    }
    announce();
    const auto other = running_fleet(fleet_file_path());
    if (other) {
        file_trouble_ = fmt::format("{} names {}, which runs: reach this one with --broker {}",
                                    fleet_file_path(), other->run, bus_options_.broker);
        return {};
    }
    return write_fleet_file(fleet_file_path(), address_of(run_, bus_options_, *brokers_));
}

// The hub keeps it for whoever knows the hub but not the run. A hub that was started anew has
// forgotten it.
void FleetMachine::announce() {
    bus_->publish_retained(fleet_announcement_topic(run_),
                           fleet_document(address_of(run_, bus_options_, *brokers_)));
}

FleetMachine::Turn FleetMachine::turn(Deadline deadline) {
    const Deadline latest = deadline_after(turn_max);
    // All that waits: a fleet under load tells of a thousand events a second, and a restart that is
    // behind them must not look slow.
    auto arrived = bus_->next(std::min(deadline, latest), wake_);
    for (int taken = 0; arrived && taken < messages_a_turn; ++taken) {
        take(*arrived, brokers_->places().front().name);
        arrived = bus_->poll();
    }
    if (arrived) {
        take(*arrived, brokers_->places().front().name);
    }
    for (const auto& [name, bus] : region_buses_) {
        for (int taken = 0; taken < messages_a_turn && (arrived = bus->poll()); ++taken) {
            take(*arrived, name);
        }
    }
    if (!bus_->notes().empty() && bus_->is_up()) {
        announce();
    }
    take_ended();
    devices_->tick();
    take_broker_restarts();
    rejoin_cut_lines();
    take_chaos();
    tell_joined();
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

void FleetMachine::take(const Arrived& arrived, const std::string& broker) {
    if (arrived.topic == dropped_topic) {
        const std::string& text = arrived.payload;
        std::from_chars(text.data(), text.data() + text.size(), dropped_[broker]);
        return;
    }
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
    if (report && text_at(*report, "status") == "online" && is_spare(*name)) {
        spares_online_.insert(name->node);
    }
    const bool of_hub = broker == brokers_->places().front().name;
    if (report && watcher_ != nullptr && !arrived.retained && !of_hub) {
        watcher_->health(*name, *report);
    }
    if (report) {
        devices_->heard(*name, *report, arrived.retained);
    }
}

// Before the end of a fault is told: the fault of one that joins is none of its watcher's.
void FleetMachine::tell_joined() {
    if (watcher_ == nullptr) {
        return;
    }
    for (const NodeName& name : devices_->joined()) {
        watcher_->joined(name, brokers_->find(name.region)->address());
    }
}

void FleetMachine::take_ended() {
    for (const Ended& ended : spawner_->poll()) {
        const auto place = std::ranges::find(brokers_->places(), ended.pid, &BrokerPlace::pid);
        if (place != brokers_->places().end()) {
            broker_ended(*place);
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
        pids.push_back(device.pid);
    }
    const auto& places = brokers_->places();
    for (std::size_t i = 1; plan_.in_broker && i < places.size(); ++i) {
        pids.push_back(places[i].pid);
    }
    pids.push_back(fork_server_);
    std::erase(pids, 0);
    return pids;
}

std::vector<pid_t> FleetMachine::broker_pids() const {
    std::vector<pid_t> pids;
    const auto& places = brokers_->places();  // the hub first
    for (std::size_t i = 0; i < (plan_.in_broker ? 1 : places.size()); ++i) {
        pids.push_back(places[i].pid);
    }
    std::erase(pids, 0);
    return pids;
}

std::string FleetMachine::why_broken() const {
    return reaper_->channel().over()
               ? "the reaper, which starts all processes, ended, and they with it"
               : "the process that starts nodes ended; its log is " + folder() + "/fork-server.log";
}

std::uint64_t FleetMachine::messages_dropped() const {
    return std::accumulate(dropped_.begin(), dropped_.end(), dropped_before_,
                           [](std::uint64_t sum, const auto& row) { return sum + row.second; });
}

void FleetMachine::keep_states() {
    reaper_->end_in_order();
}

}  // namespace flyball
