#pragma once
// The things `flyball doctor` looks at, each with its own file. They change nothing that lasts,
// need no root, no broker and no configuration, and say what they could not see. Main thread.

#include "fleet/doctor/device.h"
#include "fleet/doctor/findings.h"
#include "fleet/health_report.h"

namespace flyball {

void check_clock(Instant now, Findings& findings);
// `controllers`: the kernel's list of what a unit's limits can be held by.
void check_machine(const ExaminedDevice& device, Findings& findings,
                   const std::string& controllers = "/sys/fs/cgroup/cgroup.controllers");
// Whether the service that is installed runs, as systemd has it.
void check_unit(const ExaminedDevice& device, Findings& findings);
// The state folder: there, whose, on what, how full, how fast; and what is in it.
void check_state(const ExaminedDevice& device, Findings& findings);
// Who may read the configuration, the password and the key, and whether the service can; until when
// certificates are good.
void check_files(const ExaminedDevice& device, Instant now, Findings& findings);
// There, which, how far, how large a packet; then the node's own health.
void check_broker(const ExaminedDevice& device, Findings& findings);
// `health`: what the broker keeps of the node; nullptr: nothing.
void check_health(const ExaminedDevice& device, const HealthReport* health, Findings& findings);

}  // namespace flyball
