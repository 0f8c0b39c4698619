// What a fleet answers on its control topic: docs/fleet.md.

#include <fmt/format.h>

#include <algorithm>

#include "fleet/run/machine.h"
#include "fleet/typed_json.h"

namespace flyball {
namespace {

Json refused(std::string_view field, std::string_view message) {
    return {{"decision", "error"},
            {"allowed", false},
            {"reason", "bad_field"},
            {"field", field},
            {"message", message}};
}

Json done() {
    return {{"decision", "ok"}, {"allowed", true}};
}

}  // namespace

Json FleetMachine::obey(const Json& request) {
    Json reply = refused("op", "a request is one map with op: status, scale, kill or stop");
    const std::string op = text_at(request, "op");
    if (op == "status") {
        reply = status();
    } else if (op == "scale") {
        reply = scale(request);
    } else if (op == "kill") {
        reply = kill(request);
    } else if (op == "stop") {
        stop_asked_ = true;
        reply = done();
    }
    reply["run"] = run_;
    return reply;
}

Json FleetMachine::status() const {
    Json reply = done();
    reply["phase"] = phase_;
    reply["devices"] = devices_->total("");
    reply["up"] = devices_->up("");
    reply["governors"] = devices_->total("") * plan_.governors;
    reply["faults"] = faults_;
    reply["hub"] = brokers_->places().front().address();
    reply["websockets"] = brokers_->websockets();
    reply["folder"] = folder();
    reply["regions"] = Json::array();
    for (const RegionSize& region : plan_.regions) {
        const BrokerPlace* place = brokers_->find(region.name);
        reply["regions"].push_back({{"region", region.name},
                                    {"devices", devices_->total(region.name)},
                                    {"up", devices_->up(region.name)},
                                    {"broker", place->address()}});
    }
    reply["nodes"] = Json::array();
    for (const FleetDevice& device : devices_->all()) {
        reply["nodes"].push_back({{"node", device.name.text()},
                                  {"state", to_text(device.state)},
                                  {"pid", device.pid > 0 ? Json(device.pid) : Json()},
                                  {"restarts", device.restarts}});
    }
    return reply;
}

Json FleetMachine::scale(const Json& request) {
    const std::string region = text_at(request, "region");
    if (region.empty() || brokers_->find(region) == nullptr || region == "hub") {
        return refused("region", "must be one of the fleet's regions; new ones need a broker");
    }
    if (plan_.in_broker) {
        return refused("region",
                       "a broker takes no more nodes in and lets none out while it runs: "
                       "fleet run without --in-broker can be scaled");
    }
    const auto by = integer_at(request, "by");
    const auto to = integer_at(request, "to");
    if (by.has_value() == to.has_value()) {
        return refused("by", "either `by`, a difference, or `to`, a number of devices");
    }
    const std::int64_t now = devices_->total(region);
    const std::int64_t wanted =
        to ? *to : now + std::clamp<std::int64_t>(*by, -devices_max, devices_max);
    if (wanted < 0 || devices_->total("") - now + wanted > devices_max) {
        return refused(to ? "to" : "by", fmt::format("0 to {} devices in all; there are {} in {}",
                                                     devices_max, now, region));
    }
    if (wanted > now) {
        if (auto added = devices_->add(region, static_cast<int>(wanted - now)); !added) {
            return refused("region", added.error().message);
        }
    }
    for (const NodeName& name :
         devices_->remove(region, static_cast<int>(std::max<std::int64_t>(now - wanted, 0)))) {
        if (watcher_ != nullptr) {
            watcher_->left(name);
        }
    }
    Json reply = done();
    reply["region"] = region;
    reply["devices"] = devices_->total(region);
    return reply;
}

Json FleetMachine::kill(const Json& request) {
    const auto name = parse_node(text_at(request, "node"));
    if (!name) {
        return refused("node", name.error().message);
    }
    const FleetDevice* device = devices_->find(*name);
    if (device != nullptr && plan_.in_broker) {
        return refused("node", fmt::format("{} lives inside the broker of {} and cannot be killed "
                                           "alone",
                                           name->text(), name->region));
    }
    // A fault that it recovers from already goes on.
    const bool apart = device != nullptr && device->cause.empty();
    if (!devices_->kill(*name, "kill")) {
        return refused(
            "node", fmt::format("{} {}", name->text(),
                                device == nullptr ? "is no device of this fleet"
                                : device->state == DeviceState::leaving ? "is leaving"
                                                                        : "does not run just now"));
    }
    ++faults_;
    if (watcher_ != nullptr && apart) {
        watcher_->fault_begins(name->text(), true);
    }
    Json reply = done();
    reply["node"] = name->text();
    return reply;
}

}  // namespace flyball
