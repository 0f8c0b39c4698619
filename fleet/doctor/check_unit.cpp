// The service that is installed on this device: whether it runs, as systemd has it.

#include <fmt/format.h>

#include <string>

#include "fleet/doctor/checks.h"

namespace flyball {
namespace {

constexpr const char* log_advice = "journalctl -u flyball-node -n 50 says why it ends";

std::string text_of(const ServiceUnit& unit) {
    std::string text = fmt::format("{} is {}", unit_name, unit.active);
    if (!unit.sub_state.empty() && unit.sub_state != unit.active) {
        text += fmt::format(" ({})", unit.sub_state);
    }
    if (!unit.result.empty() && unit.result != "success") {
        text += ", its last result " + unit.result;
    }
    if (!unit.restarts.empty() && unit.restarts != "0") {
        text += fmt::format(", started again {} times", unit.restarts);
    }
    return text;
}

// A long journal is read before a node is ready. One that ends at its start over and over is also
// found starting; its restarts tell.
bool is_starting(const ServiceUnit& unit) {
    return unit.active == "activating" && unit.sub_state.starts_with("start") &&
           (unit.restarts.empty() || unit.restarts == "0");
}

// Nobody wants it to run: a node inside the broker has its place, or a person stopped it.
bool is_put_aside(const ServiceUnit& unit) {
    return unit.active == "inactive" && unit.at_boot == "disabled";
}

}  // namespace

void check_unit(const ExaminedDevice& device, Findings& findings) {
    if (!device.is_units_config || device.unit->active.empty()) {
        return;
    }
    const ServiceUnit& unit = *device.unit;
    const std::string text = text_of(unit);
    if (unit.active == "active" || unit.active == "reloading") {
        findings.ok("service", text);
    } else if (is_starting(unit)) {
        findings.warn("service", text, "it is not ready yet: look again in a minute");
    } else if (is_put_aside(unit)) {
        findings.warn("service", text + " and not started at boot",
                      "systemctl enable --now flyball-node, unless a node runs in the broker");
    } else if (unit.active == "inactive") {
        findings.fail("service", text,
                      "systemctl start flyball-node; journalctl -u flyball-node -n 50 says why it "
                      "was stopped");
    } else {
        findings.fail("service", text, log_advice);
    }
}

}  // namespace flyball
