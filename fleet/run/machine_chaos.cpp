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
        const FleetDevice& device = all[(pick + i) % all.size()];
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
            const std::size_t index = fault.pick % places.size();
            if (places[index].pid > 0) {
                ++faults_;
                broker_fault(places[index].name);
                brokers_->kill(index);
            }
            break;
        }
        case ChaosKind::cut: {
            const std::string& region = places[1 + fault.pick % (places.size() - 1)].name;
            ++faults_;
            brokers_->relay().cut(region);
            cuts_.push_back({region, deadline_after(cut_span)});
            break;
        }
    }
}

// Told once for each end, by whoever knows first: us, who killed it, or the reaper.
FleetMachine::BrokerFault& FleetMachine::broker_fault(const std::string& name) {
    const auto known = std::ranges::find(broker_faults_, name, &BrokerFault::name);
    if (known != broker_faults_.end()) {
        return *known;
    }
    BrokerFault fault{name, {}, Span(-1), deadline_after(Span(0))};
    for (const FleetDevice& device : devices_->all()) {
        if (device.name.region == name && device.state == DeviceState::up) {
            fault.sessions.emplace_back(device.name, device.presence.session());
        }
    }
    broker_faults_.push_back(std::move(fault));
    if (watcher_ != nullptr) {
        watcher_->fault_begins(name, plan_.in_broker);
    }
    return broker_faults_.back();
}

void FleetMachine::broker_ended(const BrokerPlace& place) {
    BrokerFault& fault = broker_fault(place.name);
    fault.detect = std::chrono::duration_cast<Span>(deadline_after(Span(0)) - fault.began);
    dropped_before_ += std::exchange(dropped_[place.name], 0);
    brokers_->ended(place.pid);
}

bool FleetMachine::everybody_is_back(const BrokerFault& fault) const {
    return std::ranges::all_of(fault.sessions, [this](const auto& before) {
        const FleetDevice* device = devices_->find(before.first);
        // One that has a fault of its own meanwhile is not waited for.
        const bool connects = device != nullptr && (device->state == DeviceState::up ||
                                                    device->state == DeviceState::lost);
        return !connects || device->presence.session() > before.second;
    });
}

void FleetMachine::take_broker_restarts() {
    for (const BrokerRestart& restart : brokers_->tick()) {
        const auto fault = std::ranges::find(broker_faults_, restart.name, &BrokerFault::name);
        if (fault != broker_faults_.end()) {
            fault->until_up = restart.down;
        }
    }
    // The news of a return come over a broker; without them a fault must end as well.
    static constexpr Span patience{60'000};
    std::erase_if(broker_faults_, [this](const BrokerFault& fault) {
        const auto since = deadline_after(Span(0)) - fault.began;
        const bool over =
            fault.until_up >= Span(0) && (everybody_is_back(fault) || since > patience);
        if (over && watcher_ != nullptr) {
            const Span whole = std::chrono::duration_cast<Span>(since);
            watcher_->fault_over({fault.name, "broker", fault.detect, whole - fault.detect});
        }
        return over;
    });
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
