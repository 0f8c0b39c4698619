// FleetMachine's nodes beside the fleet.

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>

#include "fleet/run/machine.h"

namespace flyball {
namespace {

constexpr Span health_interval{1'000};  // whoever measures waits for it
constexpr const char* spare_stem = "spare-";

std::string folder_of(const std::string& run_folder, int number) {
    return fmt::format("{}/spare-{}", run_folder, number);
}

}  // namespace

NodeName FleetMachine::spare_name(const std::string& region, int number) {
    return {region, fmt::format("{}{}", spare_stem, number)};
}

Result<void> FleetMachine::start_spares(int count) {
    if (plan_.isolate) {
        if (const auto server = spawner_->start_fork_server(false); !server) {
            return server.error();
        }
    }
    const BrokerPlace& place = brokers_->places().at(1);
    for (int number = 1; number <= count; ++number) {
        const std::string folder = folder_of(reaper_->folder(), number);
        std::error_code failed;
        std::filesystem::create_directories(folder, failed);
        const auto mqtt = mqtt_lines(spare_name(place.name, number));
        if (!mqtt) {
            return mqtt.error();
        }
        std::ofstream(folder + "/node.toml")
            << device_config(spare_name(place.name, number), *mqtt, folder + "/state",
                             plan_.governors, health_interval);
        const std::vector<std::string> arguments{"--config", folder + "/node.toml"};
        const auto pid = plan_.isolate ? spawner_->start_forked_node(arguments, folder + "/log")
                                       : spawner_->start_plain_node(arguments, folder + "/log");
        if (!pid) {
            return pid.error();
        }
        spares_.push_back(*pid);
    }
    return {};
}

bool FleetMachine::is_spare(const NodeName& name) const {
    return name.region == brokers_->places().at(1).name && name.node.starts_with(spare_stem);
}

void FleetMachine::stop_spares() {
    for (const pid_t pid : spares_) {
        ::kill(pid, SIGTERM);
    }
    spares_.clear();
}

}  // namespace flyball
