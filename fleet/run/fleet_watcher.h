#pragma once
// What a running fleet tells of itself while it runs. Main thread.

#include <string>

#include "fleet/node_name.h"
#include "fleet/payload.h"
#include "fleet/run/devices.h"

namespace flyball {

// Whoever has to know what happens to the fleet: the load, the report.
class FleetWatcher {
public:
    virtual ~FleetWatcher() = default;
    // "eu-west" or "eu-west/device-07"; `state_lost`: its process died. Told before it starts anew.
    virtual void fault_begins(const std::string& where, bool state_lost) = 0;
    virtual void fault_over(const FaultOver& fault) = 0;
    // It came up for the first time; one that was up before anybody watched is told of, too.
    virtual void joined(const NodeName& name, const std::string& broker) = 0;
    virtual void left(const NodeName& name) = 0;
    // What a node told on its event topic.
    virtual void event(const NodeName& name, const std::string& payload) = 0;
    virtual void health(const NodeName& name, const Json& report) = 0;  // none that a broker kept
};

}  // namespace flyball
