// FleetMachine's faults on purpose.

#include <algorithm>

#include "fleet/run/machine.h"

namespace flyball {

void FleetMachine::begin_chaos() {
    chaos_ = std::make_unique<Chaos>(plan_.chaos, plan_.seed);
    chaos_began_ = deadline_after(Span(0));
}

void FleetMachine::end_chaos() {
    chaos_.reset();
}

void FleetMachine::take_chaos() {
    if (!chaos_) {
        return;
    }
    const auto since = deadline_after(Span(0)) - chaos_began_;
    for (const ChaosFault& fault : chaos_->due(std::chrono::duration_cast<Span>(since))) {
        hit(fault);
    }
}

// Of those that are up: a node that is down cannot be hit, and the next one in line is. One that
// was hit already and whose end is not known yet would begin a second fault that nothing ends.
const FleetDevice* FleetMachine::pick_up(std::uint64_t pick) const {
    const auto& all = devices_->all();
    for (std::size_t i = 0; i < all.size(); ++i) {
        const FleetDevice& device = all[static_cast<std::size_t>((pick + i) % all.size())];
        if (device.state == DeviceState::up && device.cause.empty()) {
            return &device;
        }
    }
    return nullptr;
}

void FleetMachine::hit(const ChaosFault& fault) {
    const auto tell = [this](const std::string& where, bool state_lost) {
        ++faults_;
        if (watcher_ != nullptr) {
            watcher_->fault_begins(where, state_lost);
        }
    };
    const FleetDevice* device = pick_up(fault.pick);
    const auto& places = brokers_->places();
    switch (fault.kind) {
        case ChaosKind::kill:
            if (device != nullptr) {
                tell(device->name.text(), true);
                devices_->kill(device->name, "kill");
            }
            break;
        case ChaosKind::pause:
            if (device != nullptr) {
                tell(device->name.text(), false);
                devices_->pause(device->name);
            }
            break;
        case ChaosKind::broker: {
            const auto index = static_cast<std::size_t>(fault.pick % places.size());
            if (places[index].pid > 0) {
                ++faults_;
                broker_ends(places[index].name);
                brokers_->kill(index);
            }
            break;
        }
        case ChaosKind::cut: {
            const auto behind_hub = static_cast<std::size_t>(fault.pick % (places.size() - 1));
            const std::string& region = places[1 + behind_hub].name;
            ++faults_;
            brokers_->relay().cut(region);
            cuts_.push_back({region, deadline_after(cut_span)});
            break;
        }
    }
}

// Told of each end by whoever knows first: us, who killed it, or the reaper.
void FleetMachine::broker_ends(const std::string& name) {
    BrokerFaults::Sessions connected;
    for (const FleetDevice& device : devices_->all()) {
        if (device.name.region == name && device.state == DeviceState::up) {
            connected.emplace_back(device.name, device.presence.session());
        }
    }
    const bool begins = broker_faults_.ends(name, connected, deadline_after(Span(0)));
    if (begins && watcher_ != nullptr) {
        watcher_->fault_begins(name, plan_.in_broker);
    }
}

void FleetMachine::broker_ended(const BrokerPlace& place) {
    broker_ends(place.name);
    broker_faults_.noticed(place.name, deadline_after(Span(0)));
    dropped_before_ += std::exchange(dropped_[place.name], 0);
    brokers_->ended(place.pid);
}

void FleetMachine::take_broker_restarts() {
    for (const BrokerRestart& restart : brokers_->tick()) {
        broker_faults_.up(restart.name);
    }
    const auto is_back = [this](const NodeName& name, std::uint64_t session) {
        const FleetDevice* device = devices_->find(name);
        // One that has a fault of its own meanwhile is not waited for.
        const bool connects = device != nullptr && (device->state == DeviceState::up ||
                                                    device->state == DeviceState::lost);
        return !connects || device->presence.session() > session;
    };
    for (const FaultOver& fault : broker_faults_.over(is_back, deadline_after(Span(0)))) {
        if (watcher_ != nullptr) {
            watcher_->fault_over(fault);
        }
    }
}

void FleetMachine::rejoin_cut_lines() {
    std::erase_if(cuts_, [this](const Cut& cut) {
        const bool over = left_until(cut.until) == Span::zero();
        const auto longer = std::ranges::count_if(
            cuts_, [&](const Cut& other) { return other.region == cut.region; });
        if (over && longer == 1) {
            brokers_->relay().join(cut.region);
        }
        if (over && watcher_ != nullptr) {
            watcher_->fault_over({cut.region, "cut", Span(0), cut_span});
        }
        return over;
    });
}

}  // namespace flyball
