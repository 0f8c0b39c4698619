// FleetMachine's nodes beside the fleet.

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "fleet/run/machine.h"

namespace flyball {
namespace {

constexpr Span health_interval{1'000};  // whoever measures waits for it

std::string folder_of(const std::string& run_folder, int number) {
    return fmt::format("{}/spare-{}", run_folder, number);
}

}  // namespace

NodeName FleetMachine::spare_name(const std::string& region, int number) {
    return {region, fmt::format("spare-{}", number)};
}

Result<void> FleetMachine::start_spares(int count) {
    const BrokerPlace& place = brokers_->places().at(1);
    for (int number = 1; number <= count; ++number) {
        const std::string folder = folder_of(reaper_->folder(), number);
        std::error_code failed;
        std::filesystem::create_directories(folder, failed);
        std::ofstream(folder + "/node.toml")
            << device_config(spare_name(place.name, number), place.address(), folder + "/state",
                             plan_.governors, health_interval);
        const auto pid =
            spawner_->start_plain_node({"--config", folder + "/node.toml"}, folder + "/log");
        if (!pid) {
            return pid.error();
        }
        spares_.push_back(*pid);
    }
    return {};
}

bool FleetMachine::spares_up() const {
    for (std::size_t i = 0; i < spares_.size(); ++i) {
        std::ifstream file(folder_of(reaper_->folder(), static_cast<int>(i) + 1) + "/log");
        const std::string log(std::istreambuf_iterator<char>(file), {});
        if (log.find("msg=online") == std::string::npos) {
            return false;
        }
    }
    return true;
}

void FleetMachine::stop_spares() {
    for (const pid_t pid : spares_) {
        ::kill(pid, SIGTERM);
    }
    spares_.clear();
}

}  // namespace flyball
