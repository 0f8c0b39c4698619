#include "fleet/run/devices.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include "fleet/typed_json.h"

namespace flyball {
namespace {

// Starts at a time: more only share the same cores, and all come up late instead of one by one.
constexpr int starts_at_once_per_core = 6;
constexpr Span wave_patience{5'000};  // one that takes longer does not hold up the others
constexpr Span back_off_first{250};
constexpr Span back_off_max{8'000};
constexpr Span lasted{20'000};  // up for so long: the next end is no failure to start

Deadline now() {
    return deadline_after(Span(0));
}

Span between(Deadline from, Deadline to) {
    return std::chrono::duration_cast<Span>(to - from);
}

int starts_at_once() {
    const auto cores = static_cast<int>(std::thread::hardware_concurrency());
    return std::max(cores, 1) * starts_at_once_per_core;
}

Span back_off(int failures) {
    Span span = failures == 0 ? Span(0) : back_off_first;
    for (int i = 1; i < failures && span < back_off_max; ++i) {
        span *= 2;
    }
    return std::min(span, back_off_max);
}

// Those that are not up come first, and no more than 32 are listed.
void read_governors(const Json& report, FleetDevice& device) {
    device.governor_bytes =
        static_cast<std::uint64_t>(count_at(map_at(report, "memory"), "governor_bytes"));
    const auto rows = report.find("governors");
    std::size_t down = 0;
    if (rows != report.end() && rows->is_array()) {
        down = static_cast<std::size_t>(std::ranges::count_if(*rows, [](const Json& row) {
            const std::string status = text_at(row, "status");
            return !status.empty() && status != "up";
        }));
    }
    const auto total = static_cast<std::size_t>(count_at(report, "governors_total"));
    device.governors_up = total - std::min(down, total);
}

bool has_process(const FleetDevice& device) {
    return device.pid > 0;
}

}  // namespace

std::string_view to_text(DeviceState state) {
    static constexpr std::array<std::string_view, 6> names{"waiting", "starting", "up",
                                                           "lost",    "paused",   "leaving"};
    return names[static_cast<std::size_t>(state)];
}

std::string device_config(const NodeName& name, const std::string& mqtt,
                          const std::string& state_folder, int governors, Span health_interval) {
    std::string text = fmt::format(
        "region = \"{}\"\nnode = \"{}\"\n[mqtt]\n{}[state]\ndir = \"{}\"\n"
        "[health]\ninterval = \"{}ms\"\n[log]\nlevel = \"notice\"\n",
        name.region, name.node, mqtt, state_folder, health_interval.count());
    for (const TypeCount& type : spread_governors(governors)) {
        for (int i = 1; i < type.count; ++i) {
            text += fmt::format("[governor.{}.{}]\n", type.type, governor_name(i));
        }
    }
    return text;
}

Result<void> Devices::write_files(const FleetDevice& device) const {
    const auto mqtt = options_.mqtt(device.name);
    if (!mqtt) {
        return mqtt.error();
    }
    std::error_code failed;
    std::filesystem::create_directories(device.folder, failed);
    std::ofstream file(device.folder + "/node.toml");
    file << device_config(device.name, *mqtt, device.folder + "/state", options_.governors,
                          options_.health_interval);
    file.close();
    if (failed || !file) {
        return Error{ErrorCode::unavailable,
                     fmt::format("cannot write the configuration of {}", device.name.text())};
    }
    return {};
}

Result<void> Devices::add(const std::string& region, int count) {
    for (int number = 1; count > 0; ++number) {
        FleetDevice device;
        device.name = {region, device_name(number)};
        device.presence = Presence(options_.health_interval);
        if (find(device.name) != nullptr) {
            continue;
        }
        device.folder = fmt::format("{}/{}/{}", options_.folder, region, device.name.node);
        device.since = device.next_start = now();
        device.state = options_.in_broker ? DeviceState::starting : DeviceState::waiting;
        if (auto written = write_files(device); !written) {
            return written.error();
        }
        devices_.push_back(std::move(device));
        --count;
    }
    return {};
}

std::vector<NodeName> Devices::remove(const std::string& region, int count) {
    std::vector<NodeName> names;
    for (auto device = devices_.rbegin(); device != devices_.rend() && count > 0; ++device) {
        if (device->name.region != region || device->state == DeviceState::leaving) {
            continue;
        }
        names.push_back(device->name);
        enter(*device, DeviceState::leaving);
        if (has_process(*device)) {
            ::kill(device->pid, SIGTERM);
            ::kill(device->pid, SIGCONT);  // a paused one would never see it
        }
        --count;
    }
    std::erase_if(devices_, [](const FleetDevice& device) {
        return device.state == DeviceState::leaving && !has_process(device);
    });
    return names;
}

void Devices::enter(FleetDevice& device, DeviceState state) {
    device.state = state;
    device.since = now();
}

void Devices::launch(FleetDevice& device) {
    const auto pid =
        spawner_.start_node({"--config", device.folder + "/node.toml"}, device.folder + "/log");
    if (!pid) {
        device.next_start = deadline_after(back_off(++device.failures));
        return;
    }
    device.pid = *pid;
    enter(device, DeviceState::starting);
}

void Devices::tick() {
    int starting = 0;
    for (FleetDevice& device : devices_) {
        if (device.state == DeviceState::paused && between(device.since, now()) >= pause_span) {
            ::kill(device.pid, SIGCONT);
            enter(device, DeviceState::up);
            recovered_.push_back({device.name.text(), "pause", Span(0), pause_span});
        }
        const bool there = device.presence.there(now());
        if (device.state == (there ? DeviceState::lost : DeviceState::up)) {
            enter(device, there ? DeviceState::up : DeviceState::lost);
        }
        starting +=
            device.state == DeviceState::starting && between(device.since, now()) < wave_patience;
    }
    for (FleetDevice& device : devices_) {
        if (starting >= starts_at_once()) {
            return;
        }
        if (device.state == DeviceState::waiting && left_until(device.next_start) == Span::zero()) {
            launch(device);
            ++starting;
        }
    }
}

bool Devices::ended(const Ended& ended) {
    const auto device = std::ranges::find(devices_, ended.pid, &FleetDevice::pid);
    if (device == devices_.end()) {
        return false;
    }
    device->pid = 0;
    if (device->state == DeviceState::leaving) {
        devices_.erase(device);
        return true;
    }
    if (device->state == DeviceState::paused) {  // its end is the end of that fault
        recovered_.push_back(
            {device->name.text(), "pause", Span(0), between(device->since, now())});
    }
    const bool stayed =
        device->state != DeviceState::starting && between(device->came_up, now()) > lasted;
    device->failures = stayed ? 0 : device->failures;
    if (device->cause.empty()) {
        device->cause = ended.text();
        device->fault_at = now();
    }
    device->detect = between(device->fault_at, now());
    device->next_start = deadline_after(back_off(device->failures++));
    ++device->restarts;
    enter(*device, DeviceState::waiting);
    return true;
}

void Devices::heard(const NodeName& name, const Json& report, bool retained) {
    FleetDevice* device = find_mutable(name);
    if (device == nullptr) {
        return;
    }
    const Presence::News news = device->presence.heard(report, retained, now());
    if (news == Presence::News::none || news == Presence::News::went) {
        return;
    }
    read_governors(report, *device);
    if (device->state != DeviceState::starting || news != Presence::News::new_session) {
        return;
    }
    if (!device->startup_ms) {
        device->startup_ms = integer_at(report, "startup_ms");
    }
    if (!device->cause.empty()) {
        const Span whole = between(device->fault_at, now());
        recovered_.push_back({name.text(), device->cause, device->detect, whole - device->detect});
        device->cause.clear();
    }
    enter(*device, DeviceState::up);
    device->came_up = device->since;
}

bool Devices::kill(const NodeName& name, std::string_view cause) {
    FleetDevice* device = find_mutable(name);
    if (device == nullptr || !has_process(*device) || device->state == DeviceState::leaving) {
        return false;
    }
    if (device->cause.empty()) {
        device->cause = cause;
        device->fault_at = now();
    }
    ::kill(device->pid, SIGKILL);
    return true;
}

bool Devices::pause(const NodeName& name) {
    FleetDevice* device = find_mutable(name);
    if (device == nullptr || device->state != DeviceState::up) {
        return false;
    }
    ::kill(device->pid, SIGSTOP);
    enter(*device, DeviceState::paused);
    return true;
}

const FleetDevice* Devices::find(const NodeName& name) const {
    const auto device = std::ranges::find_if(devices_, [&](const FleetDevice& one) {
        return one.name.node == name.node && one.name.region == name.region;
    });
    return device == devices_.end() ? nullptr : &*device;
}

FleetDevice* Devices::find_mutable(const NodeName& name) {
    const FleetDevice* device = find(name);
    return device == nullptr ? nullptr : &devices_[static_cast<std::size_t>(device - &devices_[0])];
}

std::vector<std::string> Devices::regions() const {
    std::vector<std::string> names;
    for (const FleetDevice& device : devices_) {
        if (std::ranges::find(names, device.name.region) == names.end()) {
            names.push_back(device.name.region);
        }
    }
    return names;
}

int Devices::up(std::string_view region) const {
    return static_cast<int>(std::ranges::count_if(devices_, [&](const FleetDevice& device) {
        return device.state == DeviceState::up && (region.empty() || device.name.region == region);
    }));
}

int Devices::total(std::string_view region) const {
    return static_cast<int>(std::ranges::count_if(devices_, [&](const FleetDevice& device) {
        return device.state != DeviceState::leaving &&
               (region.empty() || device.name.region == region);
    }));
}

std::vector<FaultOver> Devices::recovered() {
    return std::exchange(recovered_, {});
}

std::vector<NodeName> Devices::joined() {
    std::vector<NodeName> names;
    for (FleetDevice& device : devices_) {
        if (device.state == DeviceState::up && !device.joined) {
            device.joined = true;
            names.push_back(device.name);
        }
    }
    return names;
}

}  // namespace flyball
