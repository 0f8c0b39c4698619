#include "fleet/run/brokers.h"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <fstream>

#include "fleet/run/loopback_port.h"

namespace flyball {
namespace {

constexpr Span up_wait{10'000};
constexpr Span start_again{500};  // a broker that ends at once must not be started in a loop

}  // namespace

std::string broker_config(const BrokerConfig& file, bool root) {
    // Queues have no bound here: what a broker drops would look like a node that did not answer.
    // Started by root, Mosquitto would become a user who cannot read the run's folder.
    std::string text = fmt::format(
        "{}persistence false\nset_tcp_nodelay true\nmax_inflight_messages 0\n"
        "max_queued_messages 0\nsys_interval 1\nallow_anonymous true\nlog_type error\n"
        "log_type warning\nlistener {} 127.0.0.1\n{}",
        root ? "user root\n" : "", file.port, file.listener);
    if (file.websockets != 0) {
        // Without the domain such a listener is open to the network, whatever its address says.
        text += fmt::format("listener {} 127.0.0.1\nprotocol websockets\nsocket_domain ipv4\n",
                            file.websockets);
    }
    if (file.uplink != 0) {
        // 3.1.1: as a client of MQTT 5 Mosquitto 2.0.11 sends its unlimited window as a Receive
        // Maximum of 0, which is a protocol error to the hub.
        text += fmt::format(
            "connection {0}\naddress 127.0.0.1:{1}\ntopic {2}/{0}/+/health out 1\n"
            "topic {2}/{0}/+/+/+/event out 1\nbridge_protocol_version mqttv311\n"
            "try_private true\nnotifications false\ncleansession false\nrestart_timeout 1\n{3}",
            file.region, file.uplink, file.prefix, file.bridge);
    }
    return text + file.guests;
}

std::string BrokerPlace::address() const {
    return fmt::format("{}:{}", tls ? "mqtts://localhost" : "tcp://127.0.0.1", port);
}

Result<std::unique_ptr<Brokers>> Brokers::make(Spawner& spawner, const Options& options) {
    if (options.program.empty()) {
        return Error{ErrorCode::unavailable,
                     "mosquitto is not installed: a fleet needs brokers (Debian: mosquitto)"};
    }
    std::unique_ptr<Brokers> brokers(new Brokers(spawner, options));
    if (auto written = brokers->write_files(options.regions); !written) {
        return written.error();
    }
    return brokers;
}

Result<void> Brokers::house(const std::string& region, const std::string& guests) {
    return write_file(*find(region), guests);
}

Result<void> Brokers::start() {
    for (BrokerPlace& place : places_) {
        // The hub answers before a region's broker looks for it: the next look is 5 s later.
        const bool hub = &place == &places_.front();
        auto up = launch(place);
        if (up && (hub || &place == &places_.back())) {
            up = await_launched();
        }
        if (!up) {
            return up.error();
        }
    }
    return {};
}

Result<void> Brokers::write_files(const std::vector<std::string>& regions) {
    const bool tls = identity_ != nullptr;
    const auto ports = free_ports(regions.size() + 2);
    if (ports.size() < regions.size() + 2) {
        return Error{ErrorCode::unavailable, "there are not enough free loopback ports"};
    }
    places_.push_back({.name = "hub", .port = ports[0], .tls = tls});
    websockets_ = ports[1];
    for (const std::string& region : regions) {
        places_.push_back({.name = region, .port = ports[places_.size() + 1], .tls = tls});
    }
    auto relay = Relay::make(regions, places_.front().port);
    if (!relay) {
        return relay.error();
    }
    relay_ = *std::move(relay);
    for (const BrokerPlace& place : places_) {
        if (auto written = write_file(place, ""); !written) {
            return written;
        }
    }
    return {};
}

Result<void> Brokers::write_file(const BrokerPlace& place, const std::string& guests) const {
    const bool hub = &place == &places_.front();
    BrokerConfig file;
    file.port = place.port;
    file.websockets = hub ? websockets_ : std::uint16_t{0};
    file.uplink = relay_->port(place.name);
    file.region = place.name;
    file.guests = guests;
    if (identity_ != nullptr) {
        file.listener = identity_->listener();
        file.bridge = identity_->bridge();
    }
    const std::string path = fmt::format("{}/{}.conf", folder_, place.name);
    std::ofstream out(path);
    out << broker_config(file, ::geteuid() == 0);
    out.close();
    if (!out) {
        return Error{ErrorCode::unavailable, "cannot write " + path};
    }
    return {};
}

Result<void> Brokers::launch(BrokerPlace& place) {
    const auto pid =
        spawner_.start_program({program_, "-c", fmt::format("{}/{}.conf", folder_, place.name)},
                               fmt::format("{}/{}.broker.log", folder_, place.name));
    if (!pid) {
        return pid.error();
    }
    place.pid = *pid;
    return {};
}

Result<void> Brokers::await_launched() const {
    const Deadline deadline = deadline_after(up_wait);
    for (const BrokerPlace& place : places_) {
        while (place.pid > 0 && !port_held_by(place.port, place.pid)) {
            if (left_until(deadline) == Span::zero()) {
                return Error{ErrorCode::unavailable,
                             fmt::format("the broker of {} does not come up on port {}", place.name,
                                         place.port)};
            }
            constexpr int look_again_ms = 5;
            ::poll(nullptr, 0, look_again_ms);
        }
    }
    return {};
}

const BrokerPlace* Brokers::find(const std::string& name) const {
    const auto place = std::ranges::find(places_, name, &BrokerPlace::name);
    return place == places_.end() ? nullptr : &*place;
}

std::string Brokers::websockets() const {
    return fmt::format("ws://127.0.0.1:{}", websockets_);
}

bool Brokers::ended(pid_t pid) {
    const auto place = std::ranges::find(places_, pid, &BrokerPlace::pid);
    if (place == places_.end()) {
        return false;
    }
    place->pid = 0;
    const auto before = std::ranges::find(down_, place->name, &Down::name);
    if (before == down_.end()) {
        down_.push_back({place->name, deadline_after(Span(0)), deadline_after(Span(0))});
    } else {
        before->next_start = deadline_after(start_again);
    }
    return true;
}

void Brokers::kill(std::size_t index) const {
    if (places_[index].pid > 0) {
        ::kill(places_[index].pid, SIGKILL);
    }
}

std::vector<BrokerRestart> Brokers::tick() {
    std::vector<BrokerRestart> up;
    std::erase_if(down_, [&](const Down& down) {
        BrokerPlace& place = *std::ranges::find(places_, down.name, &BrokerPlace::name);
        if (place.pid == 0 && left_until(down.next_start) == Span::zero()) {
            // One that cannot be started now is tried again at the next turn.
            (void)launch(place).has_value();
        }
        if (place.pid == 0 || !port_held_by(place.port, place.pid)) {
            return false;
        }
        up.push_back(
            {down.name, std::chrono::duration_cast<Span>(deadline_after(Span(0)) - down.since)});
        return true;
    });
    return up;
}

bool Brokers::all_up() const {
    return down_.empty();
}

}  // namespace flyball
